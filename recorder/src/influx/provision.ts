import { type Tier, tierNames, tiers } from "../rollups/tiers.ts";
import { influxDuration } from "./duration.ts";
import type { InfluxServer } from "./influx-server.ts";
import { measurements } from "./measurements.ts";
import { ask, retentionPolicies, shownContinuousQueries } from "./meta.ts";
import {
  continuousQueries,
  type PolicyNames,
  rolledMeasurements,
  rollUpStatement,
} from "./rollup-queries.ts";

export interface ProvisionOptions {
  readonly server: Pick<InfluxServer, "query" | "database" | "createDatabase">;
  readonly policies: Readonly<Record<"raw" | Tier, { readonly name: string; readonly keepMs: number }>>;
  /** How long minutes are recomputed for rows and labels that come late. */
  readonly lateMs: number;
  readonly now: number;
}

const HOUR_MS = tiers["1h"];
const DAY_MS = 24 * HOUR_MS;

/**
 * Creates the retention policies and continuous queries of a database, and fills the roll-ups from the points that are there. Run again,
 * it changes what differs and recomputes the roll-ups; what is not ours it leaves alone.
 *
 * The policy of the points becomes the default. Points of a former default policy stay there, and are copied as far back as the new one
 * keeps.
 *
 * @returns what was done, a line each
 * @throws when the server cannot be reached, or refuses
 */
export async function provision(options: ProvisionOptions): Promise<string[]> {
  const { server } = options;
  const done: string[] = [];
  const before = await retentionPolicies(server);
  if (before.length === 0) {
    await server.createDatabase();
    done.push(`created database ${server.database}`);
  }
  const former = before.find(({ isDefault, name }) => isDefault && name !== options.policies.raw.name);
  for (const role of ["raw", ...tierNames] as const) done.push(await ensurePolicy(options, role));
  if (former !== undefined && !before.some(({ name }) => name === options.policies.raw.name)) {
    done.push(await copyFrom(options, former.name));
  }
  done.push(...(await ensureQueries(options)), await rollUpAgain(options));
  return done;
}

async function ensurePolicy(
  { server, policies }: ProvisionOptions,
  role: keyof ProvisionOptions["policies"],
): Promise<string> {
  const { name, keepMs } = policies[role];
  const existing = (await retentionPolicies(server)).find((policy) => policy.name === name);
  const isDefault = role === "raw";
  const keep = influxDuration(keepMs);
  if (existing?.durationMs === keepMs && (!isDefault || existing.isDefault))
    return `retention policy "${name}": ${keep}, as it was`;
  const suffix = `SHARD DURATION ${influxDuration(shardDurationMs(keepMs))}${isDefault ? " DEFAULT" : ""}`;
  const on = `RETENTION POLICY "${name}" ON "${server.database}" DURATION ${keep}`;
  if (existing === undefined) {
    await ask(server, `CREATE ${on} REPLICATION 1 ${suffix}`);
    return `retention policy "${name}": created, ${keep}${isDefault ? ", the default" : ""}`;
  }
  await ask(server, `ALTER ${on} ${suffix}`);
  return `retention policy "${name}": altered to ${keep}${isDefault ? ", the default" : ""}`;
}

/** Given explicitly: an altered policy keeps its shard duration, which must not exceed the policy's. @see InfluxDB 1.x, CREATE RETENTION POLICY */
function shardDurationMs(keepMs: number): number {
  if (keepMs < 2 * DAY_MS) return HOUR_MS;
  return keepMs <= 180 * DAY_MS ? DAY_MS : 7 * DAY_MS;
}

/** Series by series, with tags and types; in pieces, so that no request takes long. */
async function copyFrom({ server, policies, now }: ProvisionOptions, former: string): Promise<string> {
  const { database } = server;
  const since = now - policies.raw.keepMs + HOUR_MS;
  let copied = 0;
  for (const measurement of Object.keys(measurements)) {
    const of = (policy: string) => `"${database}"."${policy}"."${measurement}"`;
    const first = await firstTime(server, of(former), since);
    for (let from = first; from < now + HOUR_MS; from += 6 * HOUR_MS) {
      const range = `time >= ${from}ms AND time < ${Math.min(from + 6 * HOUR_MS, now + HOUR_MS)}ms`;
      copied += await written(
        server,
        `SELECT * INTO ${of(policies.raw.name)} FROM ${of(former)} WHERE ${range} GROUP BY *`,
      );
    }
  }
  return `retention policy "${former}": left as it is; ${copied} points of the last ${influxDuration(policies.raw.keepMs)} copied to "${policies.raw.name}"`;
}

async function ensureQueries(options: ProvisionOptions): Promise<string[]> {
  const { server, lateMs } = options;
  const shown = await shownContinuousQueries(server);
  const wanted = continuousQueries({ database: server.database, policies: namesOf(options), lateMs });
  const done: string[] = [];
  for (const { name, statement } of wanted) {
    const existing = shown.get(name);
    if (existing !== undefined && plain(existing) === plain(statement)) {
      done.push(`continuous query ${name}: as it was`);
      continue;
    }
    if (existing !== undefined) await ask(server, `DROP CONTINUOUS QUERY "${name}" ON "${server.database}"`);
    await ask(server, statement);
    done.push(`continuous query ${name}: ${existing === undefined ? "created" : "replaced"}`);
  }
  const foreign = [...shown.keys()].filter((name) => !wanted.some((one) => one.name === name));
  if (foreign.length > 0) done.push(`continuous queries left alone: ${foreign.join(", ")}`);
  return done;
}

/** The server shows queries with fewer quotes than they were created with. */
function plain(query: string): string {
  return query.replace(/["\s]/g, "");
}

async function rollUpAgain(options: ProvisionOptions): Promise<string> {
  const { server, policies, now } = options;
  // The oldest hour is partly expired.
  const since = Math.ceil((now - policies.raw.keepMs) / HOUR_MS) * HOUR_MS;
  const target = { database: server.database, policies: namesOf(options) };
  let made = 0;
  for (const measurement of rolledMeasurements) {
    const first = await firstTime(
      server,
      `"${server.database}"."${policies.raw.name}"."${measurement}"`,
      since,
    );
    for (let fromMs = first; fromMs < now; fromMs += HOUR_MS) {
      for (const tier of tierNames) {
        const range = { fromMs, toMs: fromMs + HOUR_MS };
        made += await written(server, rollUpStatement(target, measurement, tier, range));
      }
    }
  }
  return `rolled up what "${policies.raw.name}" holds: ${made} points`;
}

/** Start of the hour of the first point since then; Infinity when there is none. */
async function firstTime(server: Pick<InfluxServer, "query">, of: string, since: number): Promise<number> {
  const { series = [] } = await ask(
    server,
    `SELECT * FROM ${of} WHERE time >= ${since}ms ORDER BY time LIMIT 1`,
  );
  const time = series[0]?.values?.[0]?.[0];
  return time === undefined ? Infinity : Math.max(Number(time) - (Number(time) % HOUR_MS), since);
}

async function written(server: Pick<InfluxServer, "query">, statement: string): Promise<number> {
  const { series = [] } = await ask(server, statement);
  return Number(series[0]?.values?.[0]?.[1] ?? 0);
}

function namesOf({ policies }: ProvisionOptions): PolicyNames {
  return { raw: policies.raw.name, "1m": policies["1m"].name, "1h": policies["1h"].name };
}
