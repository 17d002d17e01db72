import { idSchema as id } from "@meanet/protocol";
import { MeanetError, parseDurationMs } from "@meanet/runtime";
import { z } from "zod";
import { tierNames } from "../rollups/tiers.ts";
import { rangeOptions, readRange, type TimeRange } from "../time-range.ts";
import { isQueryName, type QueryName, queries, queryNames } from "./named-queries.ts";
import { type Grouping, groupings } from "./named-query.ts";

/** What a query is answered from: the rows themselves, or their roll-ups of one length. */
export const sources = ["raw", ...tierNames] as const;
export type Source = (typeof sources)[number];

/** More intervals than this fit on no screen, and take long. */
const MAX_BUCKETS = 10_000;

const interval = z
  .string()
  .refine((text) => Number.isInteger(parseDurationMs(text)) && parseDurationMs(text)! > 0, {
    error: ({ input }) =>
      `expected a duration of whole milliseconds such as "10s", received ${JSON.stringify(input)}`,
  });

/** Options of a named query, as they stand in a URL or on a command line. */
export const queryOptionsSchema = z.strictObject({
  ...rangeOptions("15m"),
  by: z.enum(groupings).optional().describe("one row for each"),
  site: id.optional().describe("of this site only, where the recorder records several"),
  interval: interval.optional().describe("one row for each interval of this length"),
  from: z
    .enum(["auto", ...sources])
    .default("auto")
    .describe("raw rows, or roll-ups of a minute or an hour; auto chooses by range and interval"),
});
export type QueryOptions = z.input<typeof queryOptionsSchema>;

/** A query with its options resolved. */
export interface ResolvedQuery extends TimeRange {
  readonly name: QueryName;
  readonly by: Grouping | undefined;
  /** An id, so it contains nothing that a statement could misread; undefined: all sites. */
  readonly site: string | undefined;
  readonly intervalMs: number | undefined;
  /** The source it must be answered from; undefined when any will do. */
  readonly asked: Source | undefined;
}

/** @throws {MeanetError} QUERY_INVALID */
export function resolveQuery(
  name: string,
  options: Readonly<Record<string, unknown>>,
  now: number,
): ResolvedQuery {
  if (!isQueryName(name))
    throw invalid(`unknown query ${JSON.stringify(name)}; expected one of ${queryNames.join(", ")}`);
  const parsed = queryOptionsSchema.safeParse(options);
  if (!parsed.success) throw invalid(`query ${name}: ${z.prettifyError(parsed.error)}`);
  const { by, site } = parsed.data;
  const allowed: readonly string[] = queries[name].by;
  if (by !== undefined && !allowed.includes(by)) {
    throw invalid(`query ${name}: by must be one of ${allowed.join(", ")}, received "${by}"`);
  }
  const { sinceMs, untilMs } = readRange(`query ${name}`, parsed.data, now);
  const intervalMs = parsed.data.interval === undefined ? undefined : parseDurationMs(parsed.data.interval)!;
  if (intervalMs !== undefined && queries[name].momentary) {
    throw invalid(`query ${name} tells of one moment, until: leave interval out`);
  }
  if (intervalMs !== undefined && (untilMs - sinceMs) / intervalMs > MAX_BUCKETS) {
    throw invalid(
      `query ${name}: more than ${MAX_BUCKETS} intervals; make interval longer or the time shorter`,
    );
  }
  const asked = parsed.data.from === "auto" ? undefined : parsed.data.from;
  return { name, sinceMs, untilMs, by: alwaysSplitBy(name, by) ? undefined : by, site, intervalMs, asked };
}

/** `exits` has one row for each exit without being asked. */
function alwaysSplitBy(name: QueryName, by: Grouping | undefined): boolean {
  return by !== undefined && queries[name].parts.every(({ tags }) => by in tags);
}

function invalid(message: string): MeanetError {
  return new MeanetError("QUERY_INVALID", message);
}
