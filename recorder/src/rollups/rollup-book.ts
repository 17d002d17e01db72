import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Row, Value } from "../store/store.ts";
import { energyFigures, verdictFigureNames, verdictFigures } from "./figures.ts";
import { bucketOf } from "./latency-buckets.ts";
import { type RolledUp, rolledUp, rollupShapes, rollupTable } from "./rollup-tables.ts";
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
 * Rolls rows up as they are stored: what a batch adds is gathered in memory, and `save` writes it in the transaction of the rows
 * themselves. So rows and their roll-ups are stored together or not at all, each row counts once, and rows that retention deletes later
 * stay counted.
 *
 * A judgement that changes, because a label came late or was corrected, changes its interval by the difference.
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
  addVerdict(row: Row): void {
    for (const tier of tierNames) {
      const figures = this.#figures("verdict", tier, row);
      for (const [index, { fold, of }] of folds.entries()) {
        const value = of(row);
        figures[index] = fold === "max" ? Math.max(figures[index]!, value) : figures[index]! + value;
      }
      figures[folds.length + bucketOf(Number(row.latency_ms))]! += 1;
    }
  }

  /** A stored verdict was judged anew. @param row - as it was before */
  judgeVerdict(row: Row, judgement: number | null): void {
    const before = row.correct ?? null;
    for (const tier of tierNames) {
      const figures = this.#figures("verdict", tier, row);
      figures[labelled]! += Number(judgement !== null) - Number(before !== null);
      figures[correct]! += Number(judgement ?? 0) - Number(before ?? 0);
    }
  }

  addDrop(row: Row): void {
    for (const tier of tierNames) {
      const figures = this.#figures("drop_count", tier, row);
      figures[0]! += Number(row.dropped);
    }
  }

  /** What a node used since its report before. @param row - of `energy` */
  addEnergy(row: Row): void {
    for (const tier of tierNames) {
      const figures = this.#figures("energy", tier, row);
      for (const [index, name] of energyFigures.entries()) figures[index]! += Number(row[name]);
    }
  }

  /** Memory and queues of a node as it told of them. @param row - of `node` */
  addGauges(row: Row): void {
    const queues = JSON.parse(String(row.queues)) as Record<string, number>;
    const gauges: [gauge: string, value: number][] = [
      ["memory_bytes", Number(row.memory_bytes ?? 0)],
      ...Object.entries(queues).map(([name, length]) => [`queue_${name}`, length] as [string, number]),
    ];
    for (const [gauge, value] of gauges) {
      if (value <= 0) continue;
      for (const tier of tierNames) {
        const figures = this.#figures("node", tier, { ...row, gauge });
        figures[0] = Math.max(figures[0]!, value);
      }
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

  /** What a batch adds to the interval and series of a row, in the order of the table's figures. */
  #figures(table: RolledUp, tier: Tier, row: Row): number[] {
    const { tags, figures } = rollupShapes[table];
    const keys = [intervalStart(tier, Number(row.at)), ...tags.map((tag) => row[tag]!)];
    const key = JSON.stringify(keys);
    let addition = this.#additions[table][tier].get(key);
    if (addition === undefined) {
      addition = { keys, figures: Object.keys(figures).map(() => 0) };
      this.#additions[table][tier].set(key, addition);
    }
    return addition.figures;
  }
}

function upsert(table: RolledUp, tier: Tier): string {
  const { tags, figures } = rollupShapes[table];
  const sets = Object.entries(figures).map(([name, { fold }]) =>
    fold === "max" ? `${name} = max(${name}, excluded.${name})` : `${name} = ${name} + excluded.${name}`,
  );
  const columns = ["at", ...tags, ...Object.keys(figures)];
  return `INSERT INTO ${rollupTable(table, tier)} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON CONFLICT DO UPDATE SET ${sets.join(", ")}`;
}

/** Rows rolled up at once, so that a large database does not fill the memory. */
const BACKFILL_ROWS = 50_000;

/** Rolls up all rows of tables whose roll-ups are empty. Inside a transaction. */
export function rollUpAll(database: DatabaseSync, tables: readonly RolledUp[] = rolledUp): void {
  const book = new RollupBook(database);
  const adds: Readonly<Record<RolledUp, (row: Row) => void>> = {
    verdict: (row) => book.addVerdict(row),
    drop_count: (row) => book.addDrop(row),
    energy: (row) => book.addEnergy(row),
    node: (row) => book.addGauges(row),
  };
  let rows = 0;
  for (const table of tables) {
    for (const row of database.prepare(`SELECT * FROM ${table} ORDER BY row`).iterate()) {
      adds[table](row as Row);
      rows += 1;
      if (rows % BACKFILL_ROWS === 0) book.save();
    }
  }
  book.save();
}
