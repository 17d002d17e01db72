import type { Training } from "@meanet/protocol";
import { readDatabase } from "../store/database.ts";
import { resolveTrainings, type TrainingOptions } from "./training-options.ts";

/** A step of an edge node that learns, as it told of it. */
export interface RecordedTraining {
  readonly site: string;
  readonly edge: string;
  readonly training: Training;
}

/**
 * The recorded steps of edge nodes that learn, the newest first.
 *
 * @param databaseFile - `recorder.sqlite` in the recorder's `state` folder; a recorder may be writing it
 * @throws {MeanetError} QUERY_INVALID, STORE_UNUSABLE
 */
export function findTrainings(databaseFile: string, options: TrainingOptions = {}): RecordedTraining[] {
  const { sinceMs, untilMs, edge, site, events, latest, limit } = resolveTrainings(options, Date.now());
  return readDatabase(databaseFile, (database) => {
    // A bundle keeps its name when what it learned changes its version.
    const rows = database
      .prepare(
        `SELECT site, node AS edge, detail FROM (
           SELECT *, row_number() OVER (
             PARTITION BY site, node, event, substr(model, 1, instr(model || '@', '@') - 1) ORDER BY at DESC, row DESC
           ) AS age
           FROM training
           WHERE at >= :since AND at < :until AND (:site IS NULL OR site = :site) AND (:edge IS NULL OR node = :edge)
             AND event IN (SELECT value FROM json_each(:events))
         ) WHERE age = 1 OR NOT :latest ORDER BY at DESC, row DESC LIMIT :limit`,
      )
      .all({
        since: sinceMs,
        until: untilMs,
        site: site ?? null,
        edge: edge ?? null,
        events: JSON.stringify(events),
        latest: latest ? 1 : 0,
        limit,
      });
    return rows.map((row) => ({
      site: String(row.site),
      edge: String(row.edge),
      training: JSON.parse(String(row.detail)) as Training,
    }));
  });
}
