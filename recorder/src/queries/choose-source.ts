import { MeanetError } from "@meanet/runtime";
import { type Tier, tiers } from "../rollups/tiers.ts";
import { queries } from "./named-queries.ts";
import { type ResolvedQuery, type Source, sources } from "./query-options.ts";

/** Since when a store is complete, milliseconds since 1970. A roll-up that it does not have is absent. */
export type Coverage = { readonly raw: number } & Readonly<Partial<Record<Tier, number>>>;

/** A query with its source, over whole intervals of it. */
export interface SourcedQuery extends ResolvedQuery {
  readonly from: Source;
}

const HOUR_MS = 3_600_000;
/** Up to this length a range is answered from rows. */
const RAW_SPAN_MS = 6 * HOUR_MS;
/** Up to this length from minutes, beyond it from hours. */
const MINUTES_SPAN_MS = 14 * 24 * HOUR_MS;

/**
 * Chooses what a query is answered from: as coarse as its range and interval allow, and no finer than what the store still has.
 *
 *     range up to 6 h     rows
 *     up to 14 d          minutes, or hours when the interval is a number of hours
 *     beyond              hours
 *
 * An interval that is no whole number of minutes or hours needs a finer source; a range that begins before the oldest row needs a
 * coarser one. The range is widened to whole intervals of the source, and the answer tells the range that it covers.
 *
 * @throws {MeanetError} QUERY_INVALID when it was asked for from a source that cannot answer it
 */
export function chooseSource(query: ResolvedQuery, coverage: Coverage, now: number): SourcedQuery {
  const able = sources.filter((source) => obstacle(query, source, coverage) === undefined);
  const { asked } = query;
  if (asked !== undefined) {
    const why = obstacle(query, asked, coverage);
    if (why !== undefined)
      throw new MeanetError(
        "QUERY_INVALID",
        `query ${query.name}: cannot be answered from ${asked}: ${why}; leave --from out, and the best source is taken`,
      );
    return widened(query, asked, now);
  }
  const fitting = able.filter((source) => sources.indexOf(source) <= sources.indexOf(ideal(query)));
  const since = (source: Source) => coverage[source] ?? Number.POSITIVE_INFINITY;
  const covering = able.filter((source) => since(source) <= query.sinceMs);
  const best =
    fitting.findLast((source) => covering.includes(source)) ??
    covering[0] ??
    able.toSorted((a, b) => since(a) - since(b))[0]!;
  return widened(query, best, now);
}

function ideal({ sinceMs, untilMs, intervalMs }: ResolvedQuery): Source {
  const span = untilMs - sinceMs;
  if (span <= RAW_SPAN_MS) return "raw";
  const byHours = intervalMs !== undefined && intervalMs % tiers["1h"] === 0;
  return span > MINUTES_SPAN_MS || byHours ? "1h" : "1m";
}

/** Why a source cannot answer; undefined when it can. */
function obstacle(
  { name, intervalMs }: ResolvedQuery,
  source: Source,
  coverage: Coverage,
): string | undefined {
  if (source === "raw") return undefined;
  if (queries[name].parts.some(({ rollup }) => rollup === undefined))
    return "it is not among what is rolled up";
  if (coverage[source] === undefined)
    return "this store has no such roll-ups; see `meanet recorder --provision`";
  if (intervalMs !== undefined && intervalMs % tiers[source] !== 0)
    return `interval must be a whole number of ${source}`;
  return undefined;
}

function widened(query: ResolvedQuery, from: Source, now: number): SourcedQuery {
  if (from === "raw") return { ...query, from };
  const step = tiers[from];
  const { sinceMs, untilMs } = query;
  // A range that ends now is not widened beyond now: its rate would include time that has not passed.
  const end = Math.min(Math.ceil(untilMs / step) * step, Math.max(untilMs, now));
  return { ...query, from, sinceMs: sinceMs - (sinceMs % step), untilMs: end };
}
