import { energyFigures, verdictFigures } from "../rollups/figures.ts";
import { latencyBuckets } from "../rollups/latency-buckets.ts";
import { type Tier, tierNames } from "../rollups/tiers.ts";
import { influxDuration } from "./duration.ts";

/** Names of the retention policies by what they hold: points, minutes, hours. */
export type PolicyNames = Readonly<Record<"raw" | Tier, string>>;

/** Measurements that are rolled up; roll-ups stand under the same name, in another policy. */
export const rolledMeasurements = ["verdict", "energy", "node"] as const;
type RolledMeasurement = (typeof rolledMeasurements)[number];

/**
 * What is kept of nodes, by field: sums of what adds up, and of levels the largest or the last. Fields that nodes name are matched by a
 * pattern, and InfluxQL puts the alias in front of their names: `max_queue_waiting`.
 */
export const nodeFields: Readonly<Record<string, NodeField>> = {
  dropped: { influxql: 'sum("dropped") AS "dropped"', description: "frames dropped for this reason" },
  memory_bytes: { influxql: 'max("memory_bytes") AS "memory_bytes"', description: "most resident memory" },
  uptime_s: { influxql: 'last("uptime_s") AS "uptime_s"', description: "since the start, as told last" },
  "max_queue_…": { influxql: 'max(/^queue_/) AS "max"', description: "most that waited" },
  "last_counter_…": {
    influxql: 'last(/^counter_/) AS "last"',
    description: "counted since the start of the node, as told last",
  },
};

interface NodeField {
  readonly influxql: string;
  readonly description: string;
}

/** Of points, and of the minutes that hours are made of. */
function selected(measurement: RolledMeasurement, tier: Tier): string {
  if (measurement === "node")
    return Object.values(nodeFields)
      .map(({ influxql }) => influxql)
      .join(", ");
  if (measurement === "energy") return energyFigures.map((name) => `sum("${name}") AS "${name}"`).join(", ");
  const ofPoints = Object.entries(verdictFigures).map(([name, { influxql }]) => `${influxql} AS "${name}"`);
  const ofMinutes = Object.entries(verdictFigures).map(
    ([name, { fold }]) => `${fold}("${name}") AS "${name}"`,
  );
  const buckets = latencyBuckets.map((name) => `sum("${name}") AS "${name}"`);
  return [...(tier === "1m" ? ofPoints : ofMinutes), ...buckets].join(", ");
}

/**
 * The statement that rolls a measurement up: all of it in a continuous query, or the points of a time. Points and minutes of one
 * interval and one series become one point; made again, it overwrites itself.
 */
export function rollUpStatement(
  { database, policies }: { readonly database: string; readonly policies: PolicyNames },
  measurement: RolledMeasurement,
  tier: Tier,
  range?: { readonly fromMs: number; readonly toMs: number },
): string {
  // Hours of nodes are computed from points: from minutes the pattern would prefix the alias a second time.
  const from = policies[tier === "1m" || measurement === "node" ? "raw" : "1m"];
  const where = range === undefined ? "" : ` WHERE time >= ${range.fromMs}ms AND time < ${range.toMs}ms`;
  const of = (policy: string) => `"${database}"."${policy}"."${measurement}"`;
  return `SELECT ${selected(measurement, tier)} INTO ${of(policies[tier])} FROM ${of(from)}${where} GROUP BY time(${tier}), *`;
}

/** Ours are those of these names; others are left alone. */
export function continuousQueryName(measurement: RolledMeasurement, tier: Tier): string {
  return `meanet_${measurement}_${tier}`;
}

export interface ContinuousQuery {
  readonly name: string;
  /** `CREATE CONTINUOUS QUERY …` */
  readonly statement: string;
}

/** How often intervals are recomputed. */
const EVERY_MS = 60_000;

/**
 * The continuous queries that fill the roll-ups, each minute.
 *
 * @param lateMs - how long minutes are recomputed, so that late rows and labels count; hours are for two hours more, so that the last
 * change of a minute reaches its hour
 */
export function continuousQueries(options: {
  readonly database: string;
  readonly policies: PolicyNames;
  readonly lateMs: number;
}): ContinuousQuery[] {
  return tierNames.flatMap((tier) =>
    rolledMeasurements.map((measurement) => {
      const name = continuousQueryName(measurement, tier);
      const lateMs = tier === "1m" ? options.lateMs : options.lateMs + 7_200_000;
      const resample = `RESAMPLE EVERY ${influxDuration(EVERY_MS)} FOR ${influxDuration(lateMs)}`;
      return {
        name,
        statement: `CREATE CONTINUOUS QUERY "${name}" ON "${options.database}" ${resample} BEGIN ${rollUpStatement(options, measurement, tier)} END`,
      };
    }),
  );
}
