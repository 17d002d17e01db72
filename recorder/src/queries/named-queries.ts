import { latencyBuckets } from "../rollups/latency-buckets.ts";
import { disagreement, savings } from "./comparison-queries.ts";
import type { NamedQuery, Part, Statements } from "./named-query.ts";
import { consumption, load } from "./node-figures.ts";
import { nodes } from "./node-query.ts";
import { rolledVerdicts } from "./rolled-verdicts.ts";
import { training } from "./training-query.ts";

export const queryNames = [
  "throughput",
  "exits",
  "latency",
  "energy",
  "accuracy",
  "drops",
  "uplink",
  "disagreement",
  "savings",
  "nodes",
  "consumption",
  "load",
  "training",
] as const;
export type QueryName = (typeof queryNames)[number];

export function isQueryName(text: string): text is QueryName {
  return queryNames.some((name) => name === text);
}

const frames = { frames: "sum(frames)" };

/** The number of final verdicts of an outcome. */
function countOf(outcome: "answered" | "refused"): Statements & Pick<Part, "rollup"> {
  return {
    sql: ({ keys, by, range }) =>
      `SELECT ${keys} count(*) AS frames FROM verdict WHERE outcome = '${outcome}' AND ${range} GROUP BY ${by}`,
    influxql: [
      ({ range, group }) =>
        `SELECT count("latency_ms") AS "frames" FROM "verdict" WHERE "outcome" = '${outcome}' AND ${range} ${group}`,
    ],
    rollup: rolledVerdicts(outcome, frames),
  };
}

const everyVerdict = ["device", "model", "exit", "edge", "site"] as const;

/**
 * The monitoring queries, in SQL and InfluxQL side by side. Only final verdicts count: `answered`, or in `drops` `refused`.
 * Shares and rates are computed from these rows, the same for both languages, in `query-result.ts`.
 */
export const queries: Readonly<Record<QueryName, NamedQuery>> = {
  throughput: {
    description: "final answers, and how many per second",
    by: everyVerdict,
    columns: ["frames", "framesPerS"],
    parts: [{ tags: {}, ...countOf("answered") }],
  },

  exits: {
    description: "final answers of each exit, and their share",
    by: everyVerdict,
    columns: ["exit", "frames", "share"],
    parts: [{ tags: { exit: "exit" }, ...countOf("answered") }],
  },

  // The percentile of InfluxDB: of n values in rising order the one at ⌊n·p/100 + ½⌋, no interpolation. SQLite's own
  // percentile() interpolates, so the rank is computed here, in the same floating-point steps.
  latency: {
    description: "milliseconds from a frame's arrival at the edge to its final answer",
    by: everyVerdict,
    columns: ["frames", "meanMs", "p50Ms", "p95Ms", "p99Ms", "maxMs"],
    parts: [
      {
        tags: {},
        sql: ({ keys, by, range }) => `
          WITH selected AS (SELECT ${keys} latency_ms FROM verdict WHERE outcome = 'answered' AND ${range}),
          ranked AS (
            SELECT *, row_number() OVER (PARTITION BY ${by} ORDER BY latency_ms) AS rank, count(*) OVER (PARTITION BY ${by}) AS n
            FROM selected
          )
          SELECT *, count(*) AS frames, avg(latency_ms) AS meanMs,
            max(CASE WHEN rank = CAST(n * 50.0 / 100.0 + 0.5 AS INTEGER) THEN latency_ms END) AS p50Ms,
            max(CASE WHEN rank = CAST(n * 95.0 / 100.0 + 0.5 AS INTEGER) THEN latency_ms END) AS p95Ms,
            max(CASE WHEN rank = CAST(n * 99.0 / 100.0 + 0.5 AS INTEGER) THEN latency_ms END) AS p99Ms,
            max(latency_ms) AS maxMs
          FROM ranked GROUP BY ${by}`,
        influxql: [
          ({ range, group }) =>
            `SELECT count("latency_ms") AS "frames", mean("latency_ms") AS "meanMs", percentile("latency_ms", 50) AS "p50Ms",
             percentile("latency_ms", 95) AS "p95Ms", percentile("latency_ms", 99) AS "p99Ms", max("latency_ms") AS "maxMs"
             FROM "verdict" WHERE "outcome" = 'answered' AND ${range} ${group}`,
        ],
        rollup: rolledVerdicts("answered", {
          ...frames,
          latency_sum_ms: "sum(latency_sum_ms)",
          maxMs: "max(latency_max_ms)",
          ...Object.fromEntries(latencyBuckets.map((name) => [name, `sum(${name})`])),
        }),
      },
    ],
  },

  energy: {
    description:
      "joules of final answers: compute at the edge, upload, compute in the cloud; mean of edge and upload",
    by: everyVerdict,
    columns: ["frames", "computeJ", "uplinkJ", "cloudJ", "edgeJPerFrame"],
    parts: [
      {
        tags: {},
        sql: ({ keys, by, range }) =>
          `SELECT ${keys} count(*) AS frames, sum(energy_j) AS computeJ, sum(uplink_j) AS uplinkJ, sum(cloud_j) AS cloudJ
           FROM verdict WHERE outcome = 'answered' AND ${range} GROUP BY ${by}`,
        influxql: [
          ({ range, group }) =>
            `SELECT count("latency_ms") AS "frames", sum("energy_j") AS "computeJ", sum("uplink_j") AS "uplinkJ", sum("cloud_j") AS "cloudJ"
             FROM "verdict" WHERE "outcome" = 'answered' AND ${range} ${group}`,
        ],
        rollup: rolledVerdicts("answered", {
          ...frames,
          computeJ: "sum(energy_j)",
          uplinkJ: "sum(uplink_j)",
          cloudJ: "sum(cloud_j)",
        }),
      },
    ],
  },

  accuracy: {
    description: "of the final answers whose true class is known, the share that is right",
    by: everyVerdict,
    columns: ["labelled", "correct", "accuracy"],
    parts: [
      {
        tags: {},
        sql: ({ keys, by, range }) =>
          `SELECT ${keys} count(correct) AS labelled, sum(correct) AS correct
           FROM verdict WHERE outcome = 'answered' AND correct IS NOT NULL AND ${range} GROUP BY ${by}`,
        influxql: [
          ({ range, group }) =>
            `SELECT count("correct") AS "labelled", sum("correct") AS "correct"
             FROM "verdict" WHERE "outcome" = 'answered' AND ${range} ${group}`,
        ],
        rollup: rolledVerdicts("answered", { labelled: "sum(labelled)", correct: "sum(correct)" }),
      },
    ],
  },

  // Two views that overlap: a refusal is a recorded verdict, and the edge counts it among its drops as well.
  drops: {
    description:
      'frames without an answer, by reason: "refused" are recorded refusals; of a kind of node ("edge", "broker") it is what its drop counters grew by, refusals included (not by device)',
    by: ["device", "edge", "site"],
    columns: ["source", "reason", "frames"],
    parts: [
      { tags: { reason: "reason" }, constants: { source: "refused" }, ...countOf("refused") },
      {
        tags: { source: "kind", reason: "reason" },
        groupTags: { edge: "node", site: "site" },
        sql: ({ keys, by, range }) =>
          `SELECT ${keys} sum(dropped) AS frames FROM drop_count WHERE ${range} GROUP BY ${by}`,
        influxql: [
          ({ range, group }) =>
            `SELECT sum("dropped") AS "frames" FROM "node" WHERE "reason" != '' AND ${range} ${group}`,
        ],
        rollup: {
          sql: ({ keys, by, range, rolled }) =>
            `SELECT ${keys} sum(dropped) AS frames FROM ${rolled("drop_count")} WHERE ${range} GROUP BY ${by}`,
          influxql: [
            ({ range, group, rolled }) =>
              `SELECT sum("dropped") AS "frames" FROM ${rolled("node")} WHERE "reason" != '' AND ${range} ${group}`,
          ],
        },
      },
    ],
  },

  uplink: {
    description: "bytes sent to the cloud, and the share of final answers that was sent",
    by: everyVerdict,
    columns: ["frames", "sent", "share", "bytes"],
    parts: [
      {
        tags: {},
        sql: ({ keys, by, range }) =>
          `SELECT ${keys} count(*) AS frames, sum(uplink_bytes > 0) AS sent, sum(uplink_bytes) AS bytes
           FROM verdict WHERE outcome = 'answered' AND ${range} GROUP BY ${by}`,
        influxql: [
          ({ range, group }) =>
            `SELECT count("latency_ms") AS "frames", sum("uplink_bytes") AS "bytes"
             FROM "verdict" WHERE "outcome" = 'answered' AND ${range} ${group}`,
          ({ range, group }) =>
            `SELECT count("uplink_bytes") AS "sent"
             FROM "verdict" WHERE "outcome" = 'answered' AND "uplink_bytes" > 0 AND ${range} ${group}`,
        ],
        rollup: rolledVerdicts("answered", { ...frames, sent: "sum(sent)", bytes: "sum(uplink_bytes)" }),
      },
    ],
  },

  disagreement,
  savings,
  nodes,
  consumption,
  load,
  training,
};
