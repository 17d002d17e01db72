import { type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger };

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * JSON lines on standard error: standard output belongs to what a command prints.
 *
 * Levels: debug and info for developers and routine; warn one message is hurt, error a feature, fatal the process.
 */
export function createLog(name: string, level: LogLevel = "info"): Logger {
  return pino(
    {
      name,
      level,
      timestamp: stdTimeFunctions.isoTime,
      base: { name, pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      // `code` and `details` of a MeanetError go along; secrets in URLs do not.
      redact: { paths: ["password", "*.password", "token", "*.token"], censor: "[redacted]" },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** `mqtt://user:secret@host` without the secret. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/([^/@:]*):[^/@]*@/, "//$1:***@");
}
