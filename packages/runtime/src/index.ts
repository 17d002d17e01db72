export { type ChildExit, endChild, exitOf } from "./child-exit.ts";
export { type ConfigSources, flagName, loadConfig, variableName } from "./config.ts";
export { type ConfigLeaf, configLeaves, keysAt } from "./config-leaves.ts";
export { exposeDisk } from "./disk-metrics.ts";
export { durationMs, parseDurationMs, timerMs } from "./duration.ts";
export { isMeanetError, MeanetError, reasonOf } from "./error.ts";
export { type Actor, type ErrorCode, errorCodes } from "./error-codes.ts";
export {
  type HttpConfig,
  type HttpListener,
  type HttpOptions,
  httpConfigSchema,
  listenError,
  listenHttp,
} from "./http.ts";
export { createLog, type Logger, type LogLevel, logLevels, withoutSecret } from "./log.ts";
export {
  Counter,
  createMetrics,
  exposeCount,
  exposeCounts,
  exposeLevel,
  exposeLevels,
  exposeQueues,
  Gauge,
  Histogram,
  Registry,
} from "./metrics.ts";
export { hashPassword, NOBODY, verifyPassword } from "./password.ts";
export { passwordHashSchema } from "./password-schema.ts";
export { prepareOnce } from "./prepare-once.ts";
export { type Running, type StartContext, StartedParts } from "./running.ts";
export { within } from "./within.ts";
