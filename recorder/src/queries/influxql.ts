import type { InfluxAnswer, InfluxServer } from "../influx/influx-server.ts";
import { policiesIn, retentionPolicies, shownContinuousQueries } from "../influx/meta.ts";
import type { PolicyNames } from "../influx/rollup-queries.ts";
import { tierNames } from "../rollups/tiers.ts";
import { type Coverage, chooseSource, type SourcedQuery } from "./choose-source.ts";
import type { Cell, Part, RawRow } from "./named-query.ts";
import { type QueryOptions, resolveQuery } from "./query-options.ts";
import { type QueryResult, toResult } from "./query-result.ts";
import { groupTag, partsFor } from "./sql.ts";

/**
 * Answers a named query from InfluxDB, the same as {@link runQuery} from SQLite as far as the forwarder has come.
 *
 * @throws {MeanetError} QUERY_INVALID
 */
export async function runInfluxQuery(
  server: Pick<InfluxServer, "query" | "database">,
  name: string,
  options: QueryOptions = {},
): Promise<QueryResult> {
  const now = Date.now();
  const query = resolveQuery(name, { ...options }, now);
  const { coverage, policies } = await rollupsOf(server, now);
  return runInfluxQl(server, chooseSource(query, coverage, now), policies);
}

interface Rollups {
  readonly coverage: Coverage;
  /** Undefined in a database that was not provisioned. */
  readonly policies: PolicyNames | undefined;
}

async function rollupsOf(server: Pick<InfluxServer, "query" | "database">, now: number): Promise<Rollups> {
  const kept = await retentionPolicies(server);
  const policies = kept.length === 0 ? undefined : policiesIn(await shownContinuousQueries(server));
  const since = (policy: { readonly durationMs: number } | undefined) =>
    policy === undefined || policy.durationMs === 0 ? -Infinity : now - policy.durationMs;
  const raw = since(kept.find(({ isDefault }) => isDefault));
  if (policies === undefined) return { coverage: { raw }, policies };
  const [minutes, hours] = tierNames.map((tier) => since(kept.find(({ name }) => name === policies[tier])));
  return { coverage: { raw, "1m": minutes!, "1h": hours! }, policies };
}

async function runInfluxQl(
  server: Pick<InfluxServer, "query">,
  query: SourcedQuery,
  policies: PolicyNames | undefined,
): Promise<QueryResult> {
  const rows: RawRow[] = [];
  for (const part of partsFor(query)) {
    const text = slots(query, part, policies);
    const { influxql } = query.from === "raw" ? part : part.rollup!;
    const answer = await server.query(influxql.map((statement) => statement(text)).join("; "));
    rows.push(...join(query, part, answer));
  }
  return toResult(query, rows);
}

function slots(
  { sinceMs, untilMs, by, site, intervalMs, from }: SourcedQuery,
  part: Part,
  policies: PolicyNames | undefined,
) {
  const tags = [...(by === undefined ? [] : [groupTag(part, by)!]), ...Object.values(part.tags)];
  const groups = tags.map((tag) => `"${tag}"`);
  if (intervalMs !== undefined) groups.unshift(`time(${intervalMs}ms)`);
  const before = `time < ${untilMs}ms${site === undefined ? "" : ` AND "site" = '${site}'`}`;
  const fill = intervalMs === undefined ? "" : " fill(none)";
  return {
    keys: "",
    by: "",
    range: `time >= ${sinceMs}ms AND ${before}`,
    before,
    group: groups.length === 0 ? "" : `GROUP BY ${groups.join(", ")}${fill}`,
    rolled: (of: string) => (from === "raw" ? `"${of}"` : `"${policies![from]}"."${of}"`),
  };
}

interface Series {
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly Cell[])[];
}

/** One row per time and tags; each statement adds its columns. Rows in which no statement found anything are none. */
function join(query: SourcedQuery, part: Part, answer: InfluxAnswer): RawRow[] {
  const rows = new Map<string, Record<string, Cell>>();
  for (const result of answer.results as { error?: string; series?: readonly Series[] }[]) {
    if (result.error !== undefined) throw new Error(`InfluxDB: ${result.error}`);
    for (const { tags = {}, columns, values } of result.series ?? []) {
      const keys: Record<string, Cell> = { ...part.constants };
      for (const [column, tag] of Object.entries(part.tags)) keys[column] = tags[tag] ?? "";
      if (query.by !== undefined) keys[query.by] = tags[groupTag(part, query.by)!] ?? "";
      for (const value of values) {
        const cells = Object.fromEntries(columns.map((column, index) => [column, value[index] ?? null]));
        // Without an interval this is only the start of the range.
        const time = query.intervalMs === undefined ? undefined : cells.time;
        // A single `last` gives the time of its point.
        for (const column of columns) if (column.endsWith("At")) cells[column] = cells.time ?? null;
        delete cells.time;
        if (Object.values(cells).every((cell) => cell === null || cell === 0)) continue;
        const key = JSON.stringify([time, keys]);
        rows.set(key, { ...rows.get(key), ...keys, ...cells, ...(time === undefined ? {} : { time }) });
      }
    }
  }
  return [...rows.values()];
}
