import type { Cell, NamedQuery, RawRow } from "./named-query.ts";

/** A node's row is made of its last status, its last stats and, of the time asked for, what it dropped. */
export const nodes: NamedQuery = {
  description:
    "the last report of each node, when it was last heard of, and the frames or messages it dropped in this time",
  by: ["site"],
  momentary: true,
  columns: [
    "site",
    "node",
    "kind",
    "state",
    "version",
    "models",
    "heardAt",
    "uptimeS",
    "memoryBytes",
    "queues",
    "drops",
  ],
  parts: [
    {
      tags: { site: "site", node: "node", kind: "kind" },
      sql: ({ keys, before, range }) =>
        `WITH ranked AS (
           SELECT *, row_number() OVER (PARTITION BY site, node, kind ORDER BY at DESC, row DESC) AS age FROM status WHERE ${before}
         ),
         dropped AS (
           SELECT site, node, kind, sum(dropped) AS drops FROM drop_count WHERE ${range} GROUP BY site, node, kind
         ),
         known AS (
           SELECT *, (
             SELECT newest.row FROM node AS newest WHERE newest.site = ranked.site AND newest.node = ranked.node
               AND newest.kind = ranked.kind AND ${before} ORDER BY newest.row DESC LIMIT 1
           ) AS stats FROM ranked WHERE age = 1
         )
         SELECT ${keys} state, version, model AS models, at AS statusAt, drops,
           (SELECT at FROM node WHERE node.row = stats) AS statsAt,
           (SELECT uptime_s FROM node WHERE node.row = stats) AS uptimeS,
           (SELECT memory_bytes FROM node WHERE node.row = stats) AS memoryBytes,
           (SELECT queues FROM node WHERE node.row = stats) AS queues
         FROM known LEFT JOIN dropped USING (site, node, kind)`,
      influxql: [
        ({ before, group }) =>
          `SELECT last("state") AS "state", last("version") AS "version", last("model") AS "models" FROM "node" WHERE ${before} ${group}`,
        ({ before, group }) => `SELECT last("state") AS "statusAt" FROM "node" WHERE ${before} ${group}`,
        ({ before, group }) => `SELECT last("uptime_s") AS "statsAt" FROM "node" WHERE ${before} ${group}`,
        ({ before, group }) =>
          `SELECT last("uptime_s") AS "uptimeS", last("memory_bytes") AS "memoryBytes", last(/^queue_/) FROM "node" WHERE ${before} ${group}`,
        ({ range, group }) =>
          `SELECT sum("dropped") AS "drops" FROM "node" WHERE "reason" != '' AND ${range} ${group}`,
      ],
    },
  ],
};

const QUEUE = "last_queue_";

/**
 * When a node was last heard of, milliseconds since 1970, and its queues as one text, `publish 0, waiting 3`, since each kind of node has
 * different ones.
 */
export function withNodeFigures(row: RawRow): RawRow {
  const lengths: [name: string, length: Cell][] =
    typeof row.queues === "string"
      ? Object.entries(JSON.parse(row.queues) as Record<string, number>)
      : Object.entries(row).flatMap(([column, length]) =>
          column.startsWith(QUEUE) && length !== null ? [[column.slice(QUEUE.length), length]] : [],
        );
  const texts = lengths.map(([name, length]) => `${name} ${length}`).sort();
  const heardAt = Math.max(Number(row.statusAt ?? 0), Number(row.statsAt ?? 0));
  return { ...row, heardAt, drops: row.drops ?? 0, queues: texts.length === 0 ? null : texts.join(", ") };
}
