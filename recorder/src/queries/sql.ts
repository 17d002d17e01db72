import type { DatabaseSync } from "node:sqlite";
import { type RolledUp, rollupTable } from "../rollups/rollup-tables.ts";
import { readDatabase } from "../store/database.ts";
import { chooseSource, type SourcedQuery } from "./choose-source.ts";
import { queries } from "./named-queries.ts";
import type { Part, RawRow } from "./named-query.ts";
import { type QueryOptions, type ResolvedQuery, resolveQuery } from "./query-options.ts";
import { type QueryResult, toResult } from "./query-result.ts";
import { coverageOf } from "./sqlite-coverage.ts";

/**
 * Answers a named query from the recorder's database, which a recorder may be writing meanwhile.
 *
 * @param databaseFile - `recorder.sqlite` in the recorder's `state` folder
 * @throws {MeanetError} QUERY_INVALID, STORE_UNUSABLE
 */
export function runQuery(databaseFile: string, name: string, options: QueryOptions = {}): QueryResult {
  const now = Date.now();
  const query = resolveQuery(name, { ...options }, now);
  return readDatabase(databaseFile, (database) =>
    runSql(database, chooseSource(query, coverageOf(database), now)),
  );
}

function runSql(database: DatabaseSync, query: SourcedQuery): QueryResult {
  const rows = partsFor(query).flatMap((part) => {
    const { sql } = query.from === "raw" ? part : part.rollup!;
    const found = database.prepare(sql(slots(query, part))).all() as RawRow[];
    return found.map((row) => ({ ...row, ...part.constants }));
  });
  return toResult(query, rows);
}

/** Parts that have the grouping asked for. */
export function partsFor({ name, by }: ResolvedQuery): Part[] {
  return queries[name].parts.filter((part) => by === undefined || groupTag(part, by) !== undefined);
}

/** The tag of a part that serves a grouping. */
export function groupTag(part: Part, by: NonNullable<ResolvedQuery["by"]>): string | undefined {
  return part.groupTags === undefined ? by : part.groupTags[by];
}

/** Numbers and the site come from checked options, names from the table of queries: no user's text enters a statement. */
function slots({ from, sinceMs, untilMs, by, site, intervalMs }: SourcedQuery, part: Part) {
  const keys: [name: string, expression: string][] = [];
  if (intervalMs !== undefined) keys.push(["time", `at - at % ${intervalMs}`]);
  if (by !== undefined) keys.push([by, groupTag(part, by)!]);
  keys.push(...Object.entries(part.tags));
  const before = `at < ${untilMs}${site === undefined ? "" : ` AND site = '${site}'`}`;
  return {
    keys: keys.map(([name, expression]) => `${expression} AS ${name}, `).join(""),
    by: keys.map(([name]) => name).join(", ") || "''",
    range: `at >= ${sinceMs} AND ${before}`,
    before,
    group: "",
    rolled: (of: string) => (from === "raw" ? of : rollupTable(of as RolledUp, from)),
  };
}
