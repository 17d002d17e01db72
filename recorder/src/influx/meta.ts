import { type Tier, tierNames } from "../rollups/tiers.ts";
import { readPolicyDuration } from "./duration.ts";
import type { InfluxServer } from "./influx-server.ts";
import { continuousQueryName, type PolicyNames, rolledMeasurements } from "./rollup-queries.ts";

export interface RetentionPolicy {
  readonly name: string;
  /** 0 keeps for ever. */
  readonly durationMs: number;
  readonly isDefault: boolean;
}

interface Answer {
  readonly error?: string;
  readonly series?: readonly {
    readonly name?: string;
    readonly columns: readonly string[];
    readonly values?: readonly (readonly unknown[])[];
  }[];
}

/** What one statement answers. @throws when the server refuses it */
export async function ask(server: Pick<InfluxServer, "query">, statement: string): Promise<Answer> {
  const { results } = (await server.query(statement)) as { readonly results: readonly Answer[] };
  const [answer = {}] = results;
  if (answer.error !== undefined) throw new Error(`InfluxDB: ${answer.error}`);
  return answer;
}

/** Policies of a database; none when there is no such database. */
export async function retentionPolicies(
  server: Pick<InfluxServer, "query" | "database">,
): Promise<RetentionPolicy[]> {
  const { results } = (await server.query(`SHOW RETENTION POLICIES ON "${server.database}"`)) as {
    readonly results: readonly Answer[];
  };
  const { error, series = [] } = results[0] ?? {};
  if (error !== undefined && !error.startsWith("database not found")) throw new Error(`InfluxDB: ${error}`);
  const [table] = series;
  const column = (name: string) => table?.columns.indexOf(name) ?? -1;
  return (table?.values ?? []).map((value) => ({
    name: String(value[column("name")]),
    durationMs: readPolicyDuration(String(value[column("duration")])),
    isDefault: value[column("default")] === true,
  }));
}

/** Continuous queries of the database, as the server tells them, by name. */
export async function shownContinuousQueries(
  server: Pick<InfluxServer, "query" | "database">,
): Promise<Map<string, string>> {
  const { series = [] } = await ask(server, "SHOW CONTINUOUS QUERIES");
  const ours = series.find(({ name }) => name === server.database);
  return new Map((ours?.values ?? []).map(([name, query]) => [String(name), String(query)]));
}

/**
 * Policies that our continuous queries read and fill; undefined when the database is not provisioned. One that an earlier release
 * provisioned lacks queries, and has the policies.
 */
export function policiesIn(queries: ReadonlyMap<string, string>): PolicyNames | undefined {
  const policyOf = (tier: Tier, place: "INTO" | "FROM") => {
    const names = rolledMeasurements.flatMap((measurement) => {
      const text = queries.get(continuousQueryName(measurement, tier));
      if (text === undefined) return [];
      const found = new RegExp(` ${place} (?:"[^"]+"|\\w+)\\.(?:"([^"]+)"|(\\w+))\\.`)
        .exec(text)
        ?.slice(1)
        .find(Boolean);
      return [found];
    });
    return names.every((name) => name === names[0]) ? names[0] : undefined;
  };
  const raw = policyOf("1m", "FROM");
  const [minutes, hours] = tierNames.map((tier) => policyOf(tier, "INTO"));
  if (raw === undefined || minutes === undefined || hours === undefined) return undefined;
  return { raw, "1m": minutes, "1h": hours };
}
