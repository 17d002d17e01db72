import type { DatabaseSync } from "node:sqlite";
import { energyFigures } from "../rollups/figures.ts";
import { rollUpAll } from "../rollups/rollup-book.ts";
import { createRollupTables, type RolledUp, rolledUp, rollupTable } from "../rollups/rollup-tables.ts";
import { tierNames } from "../rollups/tiers.ts";

/** Grows with every change of the tables below. A database that no step of `upgrades` brings up to date is refused, never guessed at. */
export const VERSION = 11;

/** Tables that a forwarder sends: each row has `change`, the position of its last change. */
export const changingTables = ["verdict", "energy", "node", "status", "drop_count", "training"] as const;

/** Tables whose oldest rows are deleted by age or size. */
export const agingTables = [...changingTables, "label"] as const;

const row = "row INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL";
const changing = `${row}, change INTEGER NOT NULL UNIQUE`;

// Figures of a training, and where its detail has them.
const trainingFigures = [
  ["held_out", "$.heldOut"],
  ["held_out_won", "$.figures.heldOut.won"],
  ["held_out_lost", "$.figures.heldOut.lost"],
  ["reference_won", "$.figures.reference.won"],
  ["reference_lost", "$.figures.reference.lost"],
  ["disagreement_before", "$.disagreement.before"],
  ["disagreement_after", "$.disagreement.after"],
  ["latency_p99_ms", "$.latencyP99Ms"],
] as const;

// A step of an edge node that learns; detail: all of it as JSON. Columns without a figure of this event are null.
const trainingTable = `
CREATE TABLE training (
  ${changing}, site TEXT NOT NULL, node TEXT NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL, run INTEGER NOT NULL,
  model TEXT NOT NULL, energy_j REAL NOT NULL, items INTEGER, epoch INTEGER NOT NULL, epochs INTEGER,
  loss REAL, accuracy REAL, images_per_s REAL, paused_ms REAL,
  held_out_current REAL, held_out_candidate REAL, reference_current REAL, reference_candidate REAL,
  reason TEXT, detail TEXT NOT NULL,
  ${trainingFigures.map(([column]) => `${column} REAL`).join(", ")},
  UNIQUE (site, node, at, event, run, epoch)
) STRICT;
`;

// Optional parts of a verdict: null where it lacks them. extension_j: part of energy_j. stages, top, edge_answer: JSON of the payload.
const verdictDetail = [
  "frame_bytes INTEGER",
  "threshold REAL",
  "extension_j REAL",
  "stages TEXT",
  "top TEXT",
  "edge_answer TEXT",
];

// What compute_j, uplink_j and thumbnail_j grew by since the report before: counters of a process cannot be added up, these can.
const energyUsed = energyFigures.map((column) => `${column} REAL NOT NULL DEFAULT 0`);
// Of the radio, for small pictures: no frame needs one.
const thumbnailJoules = "thumbnail_j REAL NOT NULL DEFAULT 0";
// To the newest row of a node, which need not have the latest time.
const energyNewest = "CREATE INDEX energy_newest ON energy (site, node);";
// For ranges of time. Every named query also asks how far back these tables go.
const nodeTimes = `
CREATE INDEX IF NOT EXISTS energy_at ON energy (at);
CREATE INDEX IF NOT EXISTS node_at ON node (at);
`;

// Start of the process that counted; null where it did not tell.
const processStart = "since INTEGER";

export const tables = `
-- ranges: rows of the journal that are stored or given up, "1-500,502-502". Outlives the rows, so that
-- a row that retention deleted is neither missing nor new when it comes again.
CREATE TABLE journal (
  key INTEGER PRIMARY KEY, site TEXT NOT NULL, edge TEXT NOT NULL, journal TEXT NOT NULL,
  ranges TEXT NOT NULL, lost INTEGER NOT NULL, touched_at INTEGER NOT NULL,
  UNIQUE (site, edge, journal)
) STRICT;

-- outcome: answered, refused, or provisional (superseded by a later answer). exit and model are 'none' for a refusal,
-- reason is 'none' for an answer: the same words stand as tags in InfluxDB, which has no NULL there.
CREATE TABLE verdict (
  ${changing},
  journal_key INTEGER NOT NULL REFERENCES journal (key), seq INTEGER NOT NULL,
  site TEXT NOT NULL, edge TEXT NOT NULL, device TEXT NOT NULL, journal TEXT NOT NULL,
  id TEXT NOT NULL, at INTEGER NOT NULL, received_at INTEGER NOT NULL, qos INTEGER NOT NULL,
  outcome TEXT NOT NULL, supersedes INTEGER, reason TEXT NOT NULL, detail TEXT,
  label TEXT, class_index INTEGER, confidence REAL, exit TEXT NOT NULL, route TEXT, cloud TEXT, entropy REAL,
  latency_ms REAL NOT NULL, queue_ms REAL, compute_ms REAL,
  energy_j REAL, uplink_j REAL, cloud_j REAL, energy_source TEXT, uplink_bytes INTEGER,
  model TEXT NOT NULL, worker TEXT, truth ANY, correct INTEGER,
  ${verdictDetail.join(", ")},
  UNIQUE (journal_key, seq)
) STRICT;
CREATE INDEX verdict_at ON verdict (at);
CREATE INDEX verdict_frame ON verdict (site, device, id);

-- truth: a class name (text) or a class index (integer), as it was given.
CREATE TABLE label (
  ${row}, site TEXT NOT NULL, device TEXT NOT NULL, id TEXT NOT NULL, truth ANY NOT NULL,
  UNIQUE (site, device, id)
) STRICT;

CREATE TABLE energy (
  ${changing}, site TEXT NOT NULL, node TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
  uptime_s REAL NOT NULL, compute_j REAL NOT NULL, uplink_j REAL NOT NULL, source TEXT NOT NULL,
  ${energyUsed.join(", ")},
  ${thumbnailJoules}, ${processStart},
  UNIQUE (site, node, at)
) STRICT;
${energyNewest}

-- counters, drops, queues, exits: JSON objects of numbers.
CREATE TABLE node (
  ${changing}, site TEXT NOT NULL, node TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
  uptime_s REAL NOT NULL, counters TEXT NOT NULL, drops TEXT NOT NULL, queues TEXT NOT NULL, exits TEXT,
  memory_bytes INTEGER, ${processStart},
  UNIQUE (site, node, at)
) STRICT;

-- To the newest row of a node, which need not have the latest time.
CREATE INDEX node_newest ON node (site, node);
${nodeTimes}
CREATE TABLE status (
  ${changing}, site TEXT NOT NULL, node TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
  state TEXT NOT NULL, version TEXT NOT NULL, model TEXT, since INTEGER NOT NULL
) STRICT;
CREATE INDEX status_node ON status (site, node);

-- What each counter of drops grew by between two stats of a node.
CREATE TABLE drop_count (
  ${changing}, site TEXT NOT NULL, node TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
  reason TEXT NOT NULL, dropped INTEGER NOT NULL,
  UNIQUE (site, node, at, reason)
) STRICT;
CREATE INDEX drop_count_at ON drop_count (at);

${trainingTable}
-- What is left of the rows when retention has deleted them; written together with them.
${createRollupTables()}

CREATE TABLE cursor (forwarder TEXT PRIMARY KEY, change INTEGER NOT NULL) STRICT;
CREATE TABLE tag_value (position INTEGER PRIMARY KEY, tag TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (tag, value)) STRICT;
`;

/** From a version to the next, inside a transaction. */
export const upgrades: Readonly<Record<number, (database: DatabaseSync) => void>> = {
  // No node ever wrote a training.
  1: (database) => database.exec(`DROP TABLE training; ${trainingTable}`),
  2: (database) =>
    database.exec(verdictDetail.map((column) => `ALTER TABLE verdict ADD COLUMN ${column};`).join(" ")),
  // Roll-ups are made by step 5, as they are now.
  3: () => undefined,
  4: (database) => database.exec("ALTER TABLE node ADD COLUMN memory_bytes INTEGER"),
  // Those of versions 4 and 5 lack figures, and are not older than the rows that they are made of again.
  5(database) {
    const tables = tierNames.flatMap((tier) => rolledUp.map((of) => rollupTable(of, tier)));
    for (const table of tables) database.exec(`DROP TABLE IF EXISTS ${table}`);
    database.exec(createRollupTables());
    addEnergyUsed(database);
    rollUpAll(database);
  },
  6(database) {
    // Step 1 made the table as it is now.
    const known = columnsOf(database, "training");
    for (const [column, path] of trainingFigures) {
      if (known.includes(column)) continue;
      database.exec(`ALTER TABLE training ADD COLUMN ${column} REAL;
        UPDATE training SET ${column} = json_extract(detail, '${path}')`);
    }
  },
  7(database) {
    // Step 5 made and filled all there is now.
    if (columnsOf(database, "energy_1m").length > 0) return;
    const added: readonly RolledUp[] = ["energy", "node"];
    database.exec(createRollupTables(added));
    addEnergyUsed(database);
    rollUpAll(database, added);
  },
  8: (database) => database.exec(nodeTimes),
  9(database) {
    const added = [thumbnailJoules, ...energyUsed].map((column) => ["energy", column] as const);
    const rolled = tierNames.flatMap((tier) =>
      energyUsed.map((column) => [rollupTable("energy", tier), column] as const),
    );
    // Steps 5 and 7 made some as they are now.
    for (const [table, column] of [...added, ...rolled]) addColumn(database, table, column);
  },
  10(database) {
    for (const table of ["energy", "node"]) addColumn(database, table, processStart);
  },
};

/** Unless it is there. */
function addColumn(database: DatabaseSync, table: string, column: string): void {
  const [name = ""] = column.split(" ");
  if (!columnsOf(database, table).includes(name)) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column}`);
}

/** The same as `energyGrowth` tells of each row as it comes. */
function addEnergyUsed(database: DatabaseSync): void {
  if (columnsOf(database, "energy").includes(energyFigures[0])) return;
  const grown = (counter: string) =>
    `CASE WHEN uptime_s >= lag(uptime_s) OVER reports AND ${counter} >= lag(${counter}) OVER reports
     THEN ${counter} - lag(${counter}) OVER reports ELSE ${counter} END`;
  database.exec(`
    ${energyUsed.map((column) => `ALTER TABLE energy ADD COLUMN ${column};`).join(" ")}
    ${energyNewest}
    UPDATE energy SET compute_used_j = grown.compute, uplink_used_j = grown.uplink
    FROM (
      SELECT row, ${grown("compute_j")} AS compute, ${grown("uplink_j")} AS uplink
      FROM energy WINDOW reports AS (PARTITION BY site, node ORDER BY row)
    ) AS grown WHERE grown.row = energy.row`);
}

/** None when there is no such table. */
function columnsOf(database: DatabaseSync, table: string): string[] {
  const columns = database.prepare("SELECT name FROM pragma_table_info(?)").all(table);
  return columns.map(({ name }) => String(name));
}
