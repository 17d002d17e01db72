import { dropTags, verdictFigures, verdictTags } from "./figures.ts";
import { latencyBuckets } from "./latency-buckets.ts";
import { type Tier, tierNames } from "./tiers.ts";

/** Rolled-up tables, by what they are rolled up from. */
export const rolledUp = ["verdict", "drop_count"] as const;
export type RolledUp = (typeof rolledUp)[number];

export function rollupTable(of: RolledUp, tier: Tier): string {
  return `${of}_${tier}`;
}

/** One row per interval and series; `at` is the begin of the interval. */
export const rollupTables: string = tierNames
  .map((tier) => {
    const figures = Object.entries(verdictFigures).map(([name, { type }]) => `${name} ${type} NOT NULL`);
    const buckets = latencyBuckets.map((name) => `${name} INTEGER NOT NULL`);
    return `
CREATE TABLE ${rollupTable("verdict", tier)} (
  at INTEGER NOT NULL, ${texts(verdictTags)},
  ${[...figures, ...buckets].join(", ")},
  PRIMARY KEY (at, ${verdictTags.join(", ")})
) STRICT, WITHOUT ROWID;
CREATE TABLE ${rollupTable("drop_count", tier)} (
  at INTEGER NOT NULL, ${texts(dropTags)}, dropped INTEGER NOT NULL,
  PRIMARY KEY (at, ${dropTags.join(", ")})
) STRICT, WITHOUT ROWID;`;
  })
  .join("\n");

function texts(names: readonly string[]): string {
  return names.map((name) => `${name} TEXT NOT NULL`).join(", ");
}
