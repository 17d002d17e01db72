import { latencyBuckets, percentileMs } from "../rollups/latency-buckets.ts";
import type { SourcedQuery } from "./choose-source.ts";
import { queries } from "./named-queries.ts";
import type { Cell, RawRow } from "./named-query.ts";
import { withGauges } from "./node-figures.ts";
import { withNodeFigures } from "./node-query.ts";
import type { Source } from "./query-options.ts";

/** A table: `rows[i][j]` belongs to `columns[j]`. Rows stand in rising order of their keys. */
export interface QueryResult {
  readonly query: string;
  /** What it was answered from: rows, or their roll-ups, of which percentiles are estimates. */
  readonly from: Source;
  /** Milliseconds since 1970; `until` does not count. Whole intervals of the roll-ups. */
  readonly since: number;
  readonly until: number;
  /** `time` (begin of the interval, milliseconds since 1970) when asked by interval, then the grouping, then the query's own. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Adds what is computed from other columns, and puts rows and columns in order: the same for every database. */
export function toResult(query: SourcedQuery, rows: readonly RawRow[]): QueryResult {
  const columns = [
    ...(query.intervalMs === undefined ? [] : ["time"]),
    ...(query.by === undefined ? [] : [query.by]),
    ...queries[query.name].columns,
  ];
  const found = derive(query, query.from === "raw" ? rows : rows.map(fromRollups));
  const derived = found.map((row) => columns.map((column) => row[column] ?? null));
  return {
    query: query.name,
    from: query.from,
    since: query.sinceMs,
    until: query.untilMs,
    columns,
    rows: derived.sort(inOrder),
  };
}

function derive(query: SourcedQuery, rows: readonly RawRow[]): RawRow[] {
  switch (query.name) {
    case "throughput":
      return rows.map((row) => ({ ...row, framesPerS: number(row, "frames") / secondsOf(query, row) }));
    case "exits": {
      const groupOf = (row: RawRow) => JSON.stringify([row.time, query.by && row[query.by]]);
      const totals = new Map<string, number>();
      for (const row of rows)
        totals.set(groupOf(row), (totals.get(groupOf(row)) ?? 0) + number(row, "frames"));
      return rows.map((row) => ({ ...row, share: number(row, "frames") / totals.get(groupOf(row))! }));
    }
    case "energy":
      return rows.map((row) => ({
        ...row,
        edgeJPerFrame: (number(row, "computeJ") + number(row, "uplinkJ")) / number(row, "frames"),
      }));
    case "accuracy":
      return rows.map((row) => ({ ...row, accuracy: number(row, "correct") / number(row, "labelled") }));
    case "uplink":
      return rows.map((row) => ({
        ...row,
        sent: number(row, "sent"),
        share: number(row, "sent") / number(row, "frames"),
      }));
    case "disagreement":
      return rows.map((row) => ({ ...row, share: number(row, "different") / number(row, "compared") }));
    case "savings":
      return rows.map(compareWays);
    case "load":
      return rows.flatMap(withGauges);
    case "nodes":
      return rows.map(withNodeFigures);
    default:
      return [...rows];
  }
}

/** Seconds that a row covers: of the first and last interval only what lies in the range, or their rates would drop at its ends. */
function secondsOf({ sinceMs, untilMs, intervalMs }: SourcedQuery, row: RawRow): number {
  if (intervalMs === undefined) return (untilMs - sinceMs) / 1000;
  const begin = number(row, "time");
  return (Math.min(begin + intervalMs, untilMs) - Math.max(begin, sinceMs)) / 1000;
}

/** Computes the latencies that are asked for from what a roll-up holds. */
function fromRollups(row: RawRow): RawRow {
  if (row.latency_sum_ms === undefined) return row;
  const counts = latencyBuckets.map((name) => number(row, name));
  const maxMs = number(row, "maxMs");
  return {
    ...row,
    meanMs: number(row, "latency_sum_ms") / number(row, "frames"),
    p50Ms: percentileMs(counts, 50, maxMs),
    p95Ms: percentileMs(counts, 95, maxMs),
    p99Ms: percentileMs(counts, 99, maxMs),
  };
}

/** Recorded figures as they are, the others at the mean of the frames that have them; null where none has. */
function compareWays(row: RawRow): RawRow {
  const frames = number(row, "frames");
  const sent = number(row, "sent");
  const computeJ = number(row, "computeJ");
  const spared = number(row, "spared");
  const mean = (sum: string, count: string) =>
    number(row, count) === 0 ? null : number(row, sum) / number(row, count);
  const all = (each: number | null) => (each === null ? null : frames * each);
  const extensionJ = mean("extensionJ", "extended");
  return {
    ...row,
    sent,
    edgeJ: computeJ + number(row, "uplinkJ"),
    edgeOnlyJ: spared === 0 ? computeJ : extensionJ === null ? null : computeJ + spared * extensionJ,
    cloudOnlyEdgeJ: all(mean("uplinkJ", "sent")),
    cloudOnlyCloudJ: all(mean("cloudJ", "answered")),
    cloudOnlyBytes: all(mean("bytes", "sent")),
  };
}

function number(row: RawRow, column: string): number {
  return Number(row[column] ?? 0);
}

function inOrder(a: readonly Cell[], b: readonly Cell[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? null;
    if (left === right) continue;
    if (left === null) return -1;
    if (right === null) return 1;
    return left < right ? -1 : 1;
  }
  return 0;
}
