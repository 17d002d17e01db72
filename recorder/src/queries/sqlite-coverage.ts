import type { DatabaseSync } from "node:sqlite";
import { type RolledUp, rolledUp, rollupTable } from "../rollups/rollup-tables.ts";
import { intervalStart, type Tier, tiers } from "../rollups/tiers.ts";
import type { Coverage } from "./choose-source.ts";

/** Since when the recorder's database is complete, in rows, minutes and hours. */
export function coverageOf(database: DatabaseSync): Coverage {
  const minutes = Math.min(...rolledUp.map((of) => oldestInterval(database, of, "1m")));
  const hours = Math.min(...rolledUp.map((of) => oldestInterval(database, of, "1h")));
  return {
    raw: Math.max(...rolledUp.map((of) => rowsSince(database, of))),
    "1m": minutes <= hours + tiers["1h"] ? -Infinity : minutes,
    "1h": -Infinity,
  };
}

/** Infinity when there is none. */
function oldestInterval(database: DatabaseSync, of: RolledUp, tier: Tier): number {
  const oldest = database.prepare(`SELECT min(at) AS at FROM ${rollupTable(of, tier)}`).get()?.at ?? null;
  return oldest === null ? Infinity : Number(oldest);
}

/**
 * Rows are deleted in the order they were recorded, and recorded after they happened: whatever happened since the oldest remaining row
 * was recorded is still there. While row 1 is there and no roll-up is older than the rows, nothing was ever deleted.
 */
function rowsSince(database: DatabaseSync, of: RolledUp): number {
  const oldestHour = oldestInterval(database, of, "1h");
  const first = database.prepare(`SELECT row, recorded_at FROM ${of} ORDER BY row LIMIT 1`).get();
  if (first === undefined) return oldestHour === Infinity ? -Infinity : Infinity;
  const earliest = Number(database.prepare(`SELECT min(at) AS at FROM ${of}`).get()?.at);
  const whole = first.row === 1 && oldestHour >= intervalStart("1h", earliest);
  return whole ? -Infinity : Number(first.recorded_at);
}
