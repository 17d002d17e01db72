import type { DatabaseSync } from "node:sqlite";
import { agingTables, changingTables } from "./schema.ts";
import type { Pruned, RetentionLimits } from "./store.ts";

/** Rows deleted in one go: a few milliseconds, between which messages are stored. */
const CHUNK = 2000;
/** Pages given back to the disk in one go. */
const PAGES = 2000;

/** Deletes the oldest rows, in the order they were recorded: by age, and while the database is too large. */
export class Retention {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** One chunk of the table whose rows are oldest. @param cursor - of the forwarder, if there is one */
  prune({ before, maxBytes }: RetentionLimits, cursor: number | undefined): Pruned {
    const oldest = agingTables
      .map((table) => ({ table, recordedAt: this.#oldest(table) }))
      .filter(({ recordedAt }) => recordedAt !== undefined)
      .sort((a, b) => a.recordedAt! - b.recordedAt!)[0];
    if (oldest === undefined) return { rows: 0, unforwarded: 0 };
    const limit = this.usedBytes() > maxBytes ? Number.MAX_SAFE_INTEGER : before;
    return this.#deleteChunk(oldest.table, limit, cursor);
  }

  /** Bytes that hold data; free pages inside the file do not count. */
  usedBytes(): number {
    return (this.#pragma("page_count") - this.#pragma("freelist_count")) * this.#pragma("page_size");
  }

  shrinkFile(): void {
    this.#database.exec(`PRAGMA incremental_vacuum(${PAGES})`);
  }

  #oldest(table: string): number | undefined {
    const row = this.#database.prepare(`SELECT recorded_at FROM ${table} ORDER BY row LIMIT 1`).get();
    return row === undefined ? undefined : Number(row.recorded_at);
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
