import type { NamedQuery } from "./named-query.ts";
import { rolledVerdicts } from "./rolled-verdicts.ts";

const by = ["device", "model", "edge", "site"] as const;

/** The edge's answer stands as JSON in SQLite and as the fields `edge_differs` and `edge_complete` in InfluxDB. */
export const disagreement: NamedQuery = {
  description:
    "of the cloud's answers to frames that the edge has answered too, the share where the two differ",
  by,
  columns: ["compared", "different", "share"],
  parts: [
    {
      tags: {},
      sql: ({ keys, by, range }) =>
        `SELECT ${keys} count(*) AS compared, sum(json_extract(edge_answer, '$.classIndex') <> class_index) AS different
         FROM verdict WHERE outcome = 'answered' AND exit = 'cloud' AND edge_answer IS NOT NULL AND ${range} GROUP BY ${by}`,
      influxql: [
        ({ range, group }) =>
          `SELECT count("edge_differs") AS "compared", sum("edge_differs") AS "different"
           FROM "verdict" WHERE "outcome" = 'answered' AND "exit" = 'cloud' AND ${range} ${group}`,
      ],
      rollup: rolledVerdicts("answered", { compared: "sum(compared)", different: "sum(different)" }),
    },
  ],
};

/**
 * What was done, compared with edge-only and cloud-only on the same frames. Recorded figures are taken as they are; what did not happen
 * is estimated from what did: the extension for frames that the cloud answered, at the mean of its runs; upload and cloud compute of
 * frames that stayed at the edge, at the mean of those that were sent.
 */
export const savings: NamedQuery = {
  description:
    "joules and bytes of what was done, and of edge-only and cloud-only on the same frames, for each model; what did not happen is reckoned at the mean of what did, nothing where nothing did",
  by,
  columns: [
    "model",
    "frames",
    "sent",
    "edgeJ",
    "cloudJ",
    "bytes",
    "edgeOnlyJ",
    "cloudOnlyEdgeJ",
    "cloudOnlyCloudJ",
    "cloudOnlyBytes",
  ],
  parts: [
    {
      tags: { model: "model" },
      sql: ({ keys, by, range }) =>
        `SELECT ${keys} count(*) AS frames, sum(energy_j) AS computeJ, sum(uplink_j) AS uplinkJ, sum(cloud_j) AS cloudJ,
           sum(uplink_bytes) AS bytes, sum(uplink_bytes > 0) AS sent, sum(exit = 'cloud') AS answered,
           sum(extension_j) AS extensionJ, sum(extension_j > 0) AS extended,
           sum(json_extract(edge_answer, '$.complete') = 0) AS spared
         FROM verdict WHERE outcome = 'answered' AND ${range} GROUP BY ${by}`,
      influxql: [
        ({ range, group }) =>
          `SELECT count("latency_ms") AS "frames", sum("energy_j") AS "computeJ", sum("uplink_j") AS "uplinkJ",
             sum("cloud_j") AS "cloudJ", sum("uplink_bytes") AS "bytes", sum("extension_j") AS "extensionJ"
           FROM "verdict" WHERE "outcome" = 'answered' AND ${range} ${group}`,
        ({ range, group }) =>
          `SELECT count("uplink_bytes") AS "sent"
           FROM "verdict" WHERE "outcome" = 'answered' AND "uplink_bytes" > 0 AND ${range} ${group}`,
        ({ range, group }) =>
          `SELECT count("latency_ms") AS "answered"
           FROM "verdict" WHERE "outcome" = 'answered' AND "exit" = 'cloud' AND ${range} ${group}`,
        ({ range, group }) =>
          `SELECT count("extension_j") AS "extended"
           FROM "verdict" WHERE "outcome" = 'answered' AND "extension_j" > 0 AND ${range} ${group}`,
        ({ range, group }) =>
          `SELECT count("edge_complete") AS "spared"
           FROM "verdict" WHERE "outcome" = 'answered' AND "edge_complete" = 0 AND ${range} ${group}`,
      ],
      rollup: rolledVerdicts(
        "answered",
        {
          frames: "sum(frames)",
          computeJ: "sum(energy_j)",
          uplinkJ: "sum(uplink_j)",
          cloudJ: "sum(cloud_j)",
          bytes: "sum(uplink_bytes)",
          sent: "sum(sent)",
          extensionJ: "sum(extension_j)",
          extended: "sum(extended)",
          spared: "sum(spared)",
        },
        { answered: "sum(frames)" },
      ),
    },
  ],
};
