import type { DatabaseSync } from "node:sqlite";
import { rolledUp, rollupTable } from "../rollups/rollup-tables.ts";
import { tierNames } from "../rollups/tiers.ts";
import { agingTables, changingTables } from "./schema.ts";
import type { Pruned, RetentionLimits } from "./store.ts";

/** Rows deleted in one go: a few milliseconds, after which messages are stored again. */
const CHUNK = 2000;
/** Pages given back to the disk in one go. */
const PAGES = 2000;

/** A table that ages, and how far it has. */
interface Aging {
  readonly table: string;
  readonly kind: "rows" | "rollups";
  /** Of its oldest row. */
  readonly oldest: number;
  /** Older ones go. */
  readonly before: number;
  /** Age of the oldest row as a share of the age at which it goes. */
  readonly share: number;
}

/** Rows younger than this do not give way to roll-ups. */
const ROWS_FIRST_MS = 86_400_000;

/**
 * Span of recording time deleted at once for want of room: a chunk of a table with few rows could be years of it, while the tables that
 * take up the room still have older rows.
 */
const SLICE_MS = 600_000;

/**
 * Deletes the oldest rows, in the order they were recorded, and the oldest roll-ups: by age, and while the database is too large.
 *
 * For want of room rows older than a day go first: they are many, and their roll-ups stay. Then goes whatever has lived the largest
 * share of its time, so that neither kind crowds out the other.
 */
export class Retention {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** One chunk of the table whose rows are oldest. @param cursor - of the forwarder, if there is one */
  prune(limits: RetentionLimits, cursor: number | undefined): Pruned {
    const aged = this.#tables(limits).sort((a, b) => b.share - a.share);
    const tooLarge = this.usedBytes() > limits.maxBytes;
    const expired = aged.find(({ oldest, before }) => oldest < before);
    const first = aged.find(({ kind, oldest }) => kind === "rows" && oldest < Date.now() - ROWS_FIRST_MS);
    const next = expired ?? (tooLarge ? (first ?? aged[0]) : undefined);
    if (next === undefined) return { rows: 0, unforwarded: 0 };
    const limit = next === expired ? next.before : next.oldest + SLICE_MS;
    if (next.kind === "rows") return this.#deleteChunk(next.table, limit, cursor);
    return { rows: this.#deleteIntervals(next.table, limit), unforwarded: 0 };
  }

  #tables({ before, rollups }: RetentionLimits): Aging[] {
    const now = Date.now();
    const aging = (kind: Aging["kind"], table: string, limit: number) => {
      const oldest = this.#oldest(kind, table);
      const share = oldest === undefined ? 0 : (now - oldest) / Math.max(1, now - limit);
      return oldest === undefined ? [] : [{ kind, table, oldest, before: limit, share }];
    };
    return [
      ...agingTables.flatMap((table) => aging("rows", table, before)),
      ...tierNames.flatMap((tier) =>
        rolledUp.flatMap((of) => aging("rollups", rollupTable(of, tier), rollups?.[tier] ?? -Infinity)),
      ),
    ];
  }

  /** Bytes that hold data; free pages inside the file do not count. */
  usedBytes(): number {
    return (this.#pragma("page_count") - this.#pragma("freelist_count")) * this.#pragma("page_size");
  }

  shrinkFile(): void {
    this.#database.exec(`PRAGMA incremental_vacuum(${PAGES})`);
  }

  #oldest(kind: Aging["kind"], table: string): number | undefined {
    const sql =
      kind === "rows"
        ? `SELECT recorded_at AS oldest FROM ${table} ORDER BY row LIMIT 1`
        : `SELECT at AS oldest FROM ${table} ORDER BY at LIMIT 1`;
    const row = this.#database.prepare(sql).get();
    return row === undefined ? undefined : Number(row.oldest);
  }

  /** Whole intervals, so that none is left that has lost a part. */
  #deleteIntervals(table: string, before: number): number {
    const { changes } = this.#database
      .prepare(
        `DELETE FROM ${table} WHERE at <=
         (SELECT max(at) FROM (SELECT at FROM ${table} WHERE at < ? ORDER BY at LIMIT ${CHUNK}))`,
      )
      .run(before);
    return Number(changes);
  }

  #deleteChunk(table: string, before: number, cursor: number | undefined): Pruned {
    const last = this.#database
      .prepare(
        `SELECT max(row) AS last FROM (SELECT row, recorded_at FROM ${table} ORDER BY row LIMIT ${CHUNK}) WHERE recorded_at < ?`,
      )
      .get(before)?.last;
    if (typeof last !== "number") return { rows: 0, unforwarded: 0 };
    const forwarded = cursor !== undefined && changingTables.some((name) => name === table);
    const unforwarded = forwarded
      ? Number(
          this.#database
            .prepare(`SELECT count(*) AS n FROM ${table} WHERE row <= ? AND change > ?`)
            .get(last, cursor)?.n,
        )
      : 0;
    const { changes } = this.#database.prepare(`DELETE FROM ${table} WHERE row <= ?`).run(last);
    return { rows: Number(changes), unforwarded };
  }

  #pragma(name: string): number {
    return Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name]);
  }
}
