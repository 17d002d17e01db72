import {
  dropTags,
  energyFigures,
  energyTags,
  type Figure,
  gaugeTags,
  verdictFigures,
  verdictTags,
} from "./figures.ts";
import { latencyBuckets } from "./latency-buckets.ts";
import { type Tier, tierNames } from "./tiers.ts";

interface RollupShape {
  /** What keeps rows of one interval apart. */
  readonly tags: readonly string[];
  readonly figures: Readonly<Record<string, Pick<Figure, "fold" | "type">>>;
}

const sums = (names: readonly string[], type: Figure["type"]) =>
  Object.fromEntries(names.map((name) => [name, { fold: "sum", type } as const]));

/** Rolled-up tables, by what they are rolled up from. Of `node` only gauges that were not 0 all the time. */
export const rollupShapes = {
  verdict: { tags: verdictTags, figures: { ...verdictFigures, ...sums(latencyBuckets, "INTEGER") } },
  drop_count: { tags: dropTags, figures: sums(["dropped"], "INTEGER") },
  energy: { tags: energyTags, figures: sums(energyFigures, "REAL") },
  node: { tags: gaugeTags, figures: { largest: { fold: "max", type: "REAL" } } },
} as const satisfies Readonly<Record<string, RollupShape>>;
export type RolledUp = keyof typeof rollupShapes;
export const rolledUp = Object.keys(rollupShapes) as readonly RolledUp[];

export function rollupTable(of: RolledUp, tier: Tier): string {
  return `${of}_${tier}`;
}

/** Statements that make rolled-up tables: one row per interval and series; `at` is the begin of the interval. */
export function createRollupTables(tables: readonly RolledUp[] = rolledUp): string {
  return tierNames.flatMap((tier) => tables.map((of) => createTable(of, tier))).join("");
}

function createTable(of: RolledUp, tier: Tier): string {
  const { tags, figures }: RollupShape = rollupShapes[of];
  const columns = [
    "at INTEGER NOT NULL",
    ...tags.map((name) => `${name} TEXT NOT NULL`),
    ...Object.entries(figures).map(([name, { type }]) => `${name} ${type} NOT NULL`),
    `PRIMARY KEY (at, ${tags.join(", ")})`,
  ];
  return `
CREATE TABLE ${rollupTable(of, tier)} (${columns.join(", ")}) STRICT, WITHOUT ROWID;`;
}
