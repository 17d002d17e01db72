import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Value } from "../store/store.ts";
import { dropTags, type VerdictRow, verdictFigureNames, verdictFigures, verdictTags } from "./figures.ts";
import { bucketOf } from "./latency-buckets.ts";
import { type RolledUp, rolledUp, rollupTable } from "./rollup-tables.ts";
import { intervalStart, type Tier, tierNames } from "./tiers.ts";

/** What a batch adds to one interval of one series. */
interface Addition {
  readonly keys: readonly Value[];
  readonly figures: number[];
}

const folds = Object.values(verdictFigures).map(({ fold, of }) => ({ fold, of }));
const labelled = verdictFigureNames.indexOf("labelled");
const correct = verdictFigureNames.indexOf("correct");

/**
 * Rolls rows up as they are stored: what a batch adds is gathered in memory, and `save` puts it into the transaction that holds
 * the rows themselves. So rows and their roll-ups are stored together or not at all, each row counts once, and rows that
 * retention deletes later stay counted.
 *
 * A judgement that changes, because a label came late or came again, moves its interval by the difference.
 */
export class RollupBook {
  readonly #upserts: Readonly<Record<RolledUp, Readonly<Record<Tier, StatementSync>>>>;
  readonly #additions: Readonly<Record<RolledUp, Readonly<Record<Tier, Map<string, Addition>>>>>;

  constructor(database: DatabaseSync) {
    const of = <T>(make: (table: RolledUp, tier: Tier) => T) =>
      Object.fromEntries(
        rolledUp.map((table) => [
          table,
          Object.fromEntries(tierNames.map((tier) => [tier, make(table, tier)])) as Record<Tier, T>,
        ]),
      ) as Record<RolledUp, Record<Tier, T>>;
    this.#upserts = of((table, tier) => database.prepare(upsert(table, tier)));
    this.#additions = of(() => new Map<string, Addition>());
  }

  /** A verdict that is new. @param row - its columns */
  addVerdict(row: VerdictRow): void {
    for (const tier of tierNames) {
      const { figures } = this.#addition("verdict", tier, row, verdictTags, verdictFigureNames.length);
      for (const [index, { fold, of }] of folds.entries()) {
        const value = of(row);
        figures[index] = fold === "max" ? Math.max(figures[index]!, value) : figures[index]! + value;
      }
      figures[folds.length + bucketOf(Number(row.latency_ms))]! += 1;
    }
  }

  /** A verdict that is stored was judged anew. @param row - as it was before */
  judgeVerdict(row: VerdictRow, judgement: number | null): void {
    const before = row.correct ?? null;
    for (const tier of tierNames) {
      const { figures } = this.#addition("verdict", tier, row, verdictTags, verdictFigureNames.length);
      figures[labelled]! += Number(judgement !== null) - Number(before !== null);
      figures[correct]! += Number(judgement ?? 0) - Number(before ?? 0);
    }
  }

  addDrop(row: VerdictRow): void {
    for (const tier of tierNames) {
      const { figures } = this.#addition("drop_count", tier, row, dropTags, 1);
      figures[0]! += Number(row.dropped);
    }
  }

  /** Inside the transaction that holds the rows. */
  save(): void {
    for (const table of rolledUp) {
      for (const tier of tierNames) {
        const additions = this.#additions[table][tier];
        for (const { keys, figures } of additions.values())
          this.#upserts[table][tier].run(...(keys as SQLInputValue[]), ...figures);
        additions.clear();
      }
    }
  }

  /** Forgets what was not saved. */
  forget(): void {
    for (const table of rolledUp) for (const tier of tierNames) this.#additions[table][tier].clear();
  }

  #addition(
    table: RolledUp,
    tier: Tier,
    row: VerdictRow,
    tags: readonly string[],
    figures: number,
  ): Addition {
    const keys = [intervalStart(tier, Number(row.at)), ...tags.map((tag) => row[tag]!)];
    const key = JSON.stringify(keys);
    let addition = this.#additions[table][tier].get(key);
    if (addition === undefined) {
      addition = { keys, figures: Array.from({ length: figures }, () => 0) };
      this.#additions[table][tier].set(key, addition);
    }
    return addition;
  }
}

function upsert(table: RolledUp, tier: Tier): string {
  const [tags, names] =
    table === "verdict" ? [verdictTags, verdictFigureNames] : [dropTags, ["dropped"] as const];
  const sets = names.map((name) =>
    verdictFigures[name]?.fold === "max"
      ? `${name} = max(${name}, excluded.${name})`
      : `${name} = ${name} + excluded.${name}`,
  );
  const columns = ["at", ...tags, ...names];
  return `INSERT INTO ${rollupTable(table, tier)} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON CONFLICT DO UPDATE SET ${sets.join(", ")}`;
}

/** Rows rolled up at once, so that a large database does not fill the memory. */
const BACKFILL_ROWS = 50_000;

/** Rolls up all rows of a database whose roll-ups are empty. Inside a transaction. */
export function rollUpAll(database: DatabaseSync): void {
  const book = new RollupBook(database);
  let rows = 0;
  const saveSometimes = () => {
    rows += 1;
    if (rows % BACKFILL_ROWS === 0) book.save();
  };
  for (const row of database.prepare("SELECT * FROM verdict ORDER BY row").iterate()) {
    book.addVerdict(row as VerdictRow);
    saveSometimes();
  }
  for (const row of database.prepare("SELECT * FROM drop_count ORDER BY row").iterate()) {
    book.addDrop(row as VerdictRow);
    saveSometimes();
  }
  book.save();
}
