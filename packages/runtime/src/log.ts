import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { LineBound } from "./line-bound.ts";

export type { Logger };

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const secretPaths = ["password", "token"].flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`]);

/** Lines with one message in one span of time; past it they are counted. 86,400 a day at most. */
const ALIKE = { lines: 30, spanMs: 30_000 };

/**
 * JSON lines on standard error: standard output belongs to what a command prints.
 *
 * Levels: debug and info for developers and routine; warn one message is hurt, error a feature, fatal the process.
 * Of warnings and errors with the same message a few pass in half a minute; then one line tells how many more there were.
 */
export function createLog(name: string, level: LogLevel = "info", stream?: DestinationStream): Logger {
  const bounded: ReadonlySet<number> = new Set([pino.levels.values.warn!, pino.levels.values.error!]);
  const bound = new LineBound({
    ...ALIKE,
    tell: (line, leftOut) => log.info({ line, leftOut }, "more lines like this were left out"),
  });
  const log = pino(
    {
      name,
      level,
      timestamp: stdTimeFunctions.isoTime,
      base: { name, pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(given, method, line) {
          if (!bounded.has(line) || bound.passes(messageOf(given))) method.apply(this, given);
        },
      },
      // `code` and `details` of a MeanetError go along; URLs are given through `withoutSecret`.
      redact: { paths: secretPaths, censor: "[redacted]" },
    },
    stream ?? pino.destination({ dest: 2, sync: true }),
  );
  return log;
}

/** Of the arguments of a line: the message comes first, or after the fields. */
function messageOf([first, second]: readonly unknown[]): string {
  if (typeof first === "string") return first;
  return typeof second === "string" ? second : "";
}

/** `mqtt://user:secret@host` without the secret. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/([^/:]*):[^/]*@/, "//$1:***@");
}
