import type { NamedQuery, RawRow } from "./named-query.ts";

/** What nodes say that they used, whoever was answered: idle time, frames without a verdict and small pictures are in it where their meter counts them. */
export const consumption: NamedQuery = {
  description: "joules that each node used by its own counters, and where the figures come from",
  by: ["site"],
  columns: ["site", "node", "kind", "source", "computeJ", "uplinkJ", "thumbnailJ"],
  parts: [
    {
      tags: { site: "site", node: "node", kind: "kind", source: "source" },
      sql: (slots) => usedSql("energy", slots),
      influxql: [(slots) => usedInfluxql('"energy"', slots)],
      rollup: {
        sql: (slots) => usedSql(slots.rolled("energy"), slots),
        influxql: [(slots) => usedInfluxql(slots.rolled("energy"), slots)],
      },
    },
  ],
};

type Slots = Parameters<NamedQuery["parts"][number]["sql"]>[0];

function usedSql(from: string, { keys, by, range }: Slots): string {
  return `SELECT ${keys} sum(compute_used_j) AS computeJ, sum(uplink_used_j) AS uplinkJ, sum(thumbnail_used_j) AS thumbnailJ
    FROM ${from} WHERE ${range}
    GROUP BY ${by} HAVING sum(compute_used_j) + sum(uplink_used_j) + sum(thumbnail_used_j) > 0`;
}

function usedInfluxql(from: string, { range, group }: Slots): string {
  return `SELECT sum("compute_used_j") AS "computeJ", sum("uplink_used_j") AS "uplinkJ", sum("thumbnail_used_j") AS "thumbnailJ"
    FROM ${from} WHERE ${range} ${group}`;
}

/** A row for each gauge: in SQL as it is selected, of InfluxDB by {@link withGauges}. */
export const load: NamedQuery = {
  description:
    "the most memory and the longest queues that each node told of; what was 0 all the time is left out",
  by: ["site"],
  columns: ["site", "node", "kind", "gauge", "largest"],
  parts: [
    {
      tags: { site: "site", node: "node", kind: "kind" },
      sql: ({ keys, by, range }) =>
        `SELECT ${keys} gauge, max(value) AS largest FROM (
           SELECT at, site, node, kind, 'memory_bytes' AS gauge, memory_bytes AS value FROM node
           UNION ALL
           SELECT node.at, site, node, kind, 'queue_' || queue.key, queue.value FROM node, json_each(queues) AS queue
         ) WHERE ${range} GROUP BY ${by}, gauge HAVING max(value) > 0`,
      influxql: [
        ({ range, group }) =>
          `SELECT max("memory_bytes") AS "memory_bytes", max(/^queue_/) AS "max" FROM "node" WHERE ${range} ${group}`,
      ],
      rollup: {
        sql: ({ keys, by, range, rolled }) =>
          `SELECT ${keys} gauge, max(largest) AS largest FROM ${rolled("node")} WHERE ${range} GROUP BY ${by}, gauge`,
        influxql: [
          ({ range, group, rolled }) =>
            `SELECT max("memory_bytes") AS "memory_bytes", max(/^max_queue_/) AS "max" FROM ${rolled("node")} WHERE ${range} ${group}`,
        ],
      },
    },
  ],
};

/** InfluxDB answers with a column for each gauge, and puts `max_` before those that it found by a pattern. */
export function withGauges(row: RawRow): RawRow[] {
  if ("gauge" in row) return [row];
  return Object.entries(row).flatMap(([column, value]) => {
    const gauge = column.replace(/^(max_)+(?=queue_)/, "");
    const known = /^(memory_bytes$|queue_)/.test(gauge) && typeof value === "number" && value > 0;
    return known ? [{ ...row, gauge, largest: value }] : [];
  });
}
