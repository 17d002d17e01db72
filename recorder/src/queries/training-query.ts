import type { NamedQuery } from "./named-query.ts";

/** Whole steps, one by one, are told by `findTrainings`: in InfluxDB they lack what is no figure. */
export const training: NamedQuery = {
  description:
    "steps of edge nodes that learn, by kind, with their joules; of candidates that were judged the mean accuracy on held-out items, and that of what was in force",
  by: ["model", "edge", "site"],
  columns: ["event", "steps", "energyJ", "accuracyInForce", "accuracyCandidate"],
  parts: [
    {
      tags: { event: "event" },
      groupTags: { model: "model", edge: "node", site: "site" },
      sql: ({ keys, by, range }) =>
        `SELECT ${keys} count(*) AS steps, sum(energy_j) AS energyJ,
           avg(held_out_current) AS accuracyInForce, avg(held_out_candidate) AS accuracyCandidate
         FROM training WHERE ${range} GROUP BY ${by}`,
      influxql: [
        ({ range, group }) =>
          `SELECT count("run") AS "steps", sum("energy_j") AS "energyJ",
             mean("held_out_current") AS "accuracyInForce", mean("held_out_candidate") AS "accuracyCandidate"
           FROM "training" WHERE ${range} ${group}`,
      ],
    },
  ],
};
