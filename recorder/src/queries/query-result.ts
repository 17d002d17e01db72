import { queries } from "./named-queries.ts";
import type { ResolvedQuery } from "./query-options.ts";

export type Cell = string | number | null;

/** A table: `rows[i][j]` belongs to `columns[j]`. Rows stand in rising order of their keys. */
export interface QueryResult {
  readonly query: string;
  /** Milliseconds since 1970; `until` does not count. */
  readonly since: number;
  readonly until: number;
  /** `time` (begin of the interval, milliseconds since 1970) when asked by interval, then the grouping, then the query's own. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A row as a database gives it, by column. */
export type RawRow = Readonly<Record<string, Cell>>;

/** Adds what is computed from other columns, and puts rows and columns in order: the same for every database. */
export function toResult(query: ResolvedQuery, rows: readonly RawRow[]): QueryResult {
  const columns = [
    ...(query.intervalMs === undefined ? [] : ["time"]),
    ...(query.by === undefined ? [] : [query.by]),
    ...queries[query.name].columns,
  ];
  const derived = derive(query, rows).map((row) => columns.map((column) => row[column] ?? null));
  return {
    query: query.name,
    since: query.sinceMs,
    until: query.untilMs,
    columns,
    rows: derived.sort(inOrder),
  };
}

function derive(query: ResolvedQuery, rows: readonly RawRow[]): RawRow[] {
  switch (query.name) {
    case "throughput": {
      const seconds = (query.intervalMs ?? query.untilMs - query.sinceMs) / 1000;
      return rows.map((row) => ({ ...row, framesPerS: number(row, "frames") / seconds }));
    }
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
    default:
      return [...rows];
  }
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
