import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger };

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const secretPaths = ["password", "token"].flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`]);

/**
 * JSON lines on standard error: standard output belongs to what a command prints.
 *
 * Levels: debug and info for developers and routine; warn one message is hurt, error a feature, fatal the process.
 */
export function createLog(name: string, level: LogLevel = "info", stream?: DestinationStream): Logger {
  return pino(
    {
      name,
      level,
      timestamp: stdTimeFunctions.isoTime,
      base: { name, pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      // `code` and `details` of a MeanetError go along; URLs are given through `withoutSecret`.
      redact: { paths: secretPaths, censor: "[redacted]" },
    },
    stream ?? pino.destination({ dest: 2, sync: true }),
  );
}

/** `mqtt://user:secret@host` without the secret. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/([^/:]*):[^/]*@/, "//$1:***@");
}
