import { MeanetError, parseDurationMs } from "@meanet/runtime";
import { z } from "zod";

/** Nothing later: InfluxDB's time ends in the year 2262. */
const MAX_MOMENT_MS = 9_000_000_000_000;

/** A moment: `15m` is that long before the end, else milliseconds since 1970 or ISO 8601. */
const moment = z.string().refine((text) => readMoment(text, 0) !== undefined, {
  error: ({ input }) =>
    `expected a duration such as "15m", milliseconds since 1970, or a date such as "2026-01-31T12:00:00Z", received ${JSON.stringify(input)}`,
});

/** The options `since` and `until`, as they stand in a URL or on a command line. @param since - the default */
export function rangeOptions(since: string) {
  return {
    since: moment.default(since).describe("begin: how long before the end, or a moment"),
    until: moment.optional().describe("end, not included: how long ago, or a moment; default now"),
  };
}

export interface TimeRange {
  /** First moment, milliseconds since 1970. */
  readonly sinceMs: number;
  /** First moment that does not count. */
  readonly untilMs: number;
}

/**
 * @param what - begins the message of an error
 * @throws {MeanetError} QUERY_INVALID when the range is empty
 */
export function readRange(
  what: string,
  { since, until }: { readonly since: string; readonly until?: string | undefined },
  now: number,
): TimeRange {
  const untilMs = until === undefined ? now : readMoment(until, now)!;
  const sinceMs = readMoment(since, untilMs)!;
  if (sinceMs >= untilMs) throw new MeanetError("QUERY_INVALID", `${what}: since must lie before until`);
  return { sinceMs, untilMs };
}

function readMoment(text: string, end: number): number | undefined {
  const durationMs = parseDurationMs(text);
  const read =
    durationMs !== undefined ? end - durationMs : /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(read) || read > MAX_MOMENT_MS) return undefined;
  return Math.max(0, Math.floor(read));
}
