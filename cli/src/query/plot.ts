import type { Cell, QueryName, QueryResult } from "@meanet/recorder";
import { terminalChart } from "../plots/terminal-chart.ts";
import { cellText } from "./table.ts";

/** Queries that can be asked by interval. */
export type PlottedQuery = Exclude<QueryName, "nodes">;

/** The column that is drawn, and what stands where an interval has no row: nothing happened, or nothing is known. */
const drawn: Readonly<Record<PlottedQuery, { readonly column: string; readonly gap: "zero" | "as before" }>> =
  {
    throughput: { column: "framesPerS", gap: "zero" },
    exits: { column: "frames", gap: "zero" },
    latency: { column: "p50Ms", gap: "as before" },
    energy: { column: "edgeJPerFrame", gap: "as before" },
    accuracy: { column: "accuracy", gap: "as before" },
    drops: { column: "frames", gap: "zero" },
    uplink: { column: "bytes", gap: "zero" },
    disagreement: { column: "share", gap: "as before" },
    savings: { column: "edgeJ", gap: "zero" },
    consumption: { column: "computeJ", gap: "zero" },
    load: { column: "largest", gap: "as before" },
    training: { column: "steps", gap: "zero" },
  };

/**
 * A query's answer over time as a plot of characters, one line per group.
 *
 * @param result - asked by interval
 */
export function queryPlot(
  name: PlottedQuery,
  result: QueryResult,
  intervalMs: number,
  useColour: boolean,
): string {
  const { column, gap } = drawn[name];
  const series = seriesOf(result, column, intervalMs, gap);
  if (series.size === 0) return "nothing in this time";
  const chart = terminalChart({
    series: new Map(Array.from(series, ([group, values]) => [group || column, values])),
    format: (value) => cellText(column, value),
    colour: useColour,
  });
  const [from, to] = [result.since, result.until].map((moment) => new Date(moment).toISOString());
  return `${name}: ${column} per ${intervalMs / 1000} s, ${from} to ${to}\n${chart}`;
}

/** By group, one value per interval. */
function seriesOf(
  { columns, rows, since, until }: QueryResult,
  column: string,
  intervalMs: number,
  gap: "zero" | "as before",
): Map<string, number[]> {
  const timeAt = columns.indexOf("time");
  const valueAt = columns.indexOf(column);
  const first = Math.floor(since / intervalMs);
  const count = Math.max(1, Math.ceil(until / intervalMs) - first);
  const known = new Map<string, (number | undefined)[]>();
  for (const row of rows) {
    const group = row.filter((cell): cell is string => typeof cell === "string").join(" ");
    const values = known.get(group) ?? Array.from<number | undefined>({ length: count });
    values[Math.floor(Number(row[timeAt]) / intervalMs) - first] = numberOf(row[valueAt]);
    known.set(group, values);
  }
  return new Map(
    [...known].map(([group, values]) => [group, gap === "zero" ? zeros(values) : asBefore(values)]),
  );
}

function numberOf(cell: Cell | undefined): number | undefined {
  return typeof cell === "number" ? cell : undefined;
}

function zeros(values: readonly (number | undefined)[]): number[] {
  return values.map((value) => value ?? 0);
}

/** Before the first value that is known stands the first. */
function asBefore(values: readonly (number | undefined)[]): number[] {
  let last = values.find((value) => value !== undefined) ?? 0;
  return values.map((value) => {
    last = value ?? last;
    return last;
  });
}
