import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Verdict } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import type { Draft } from "../stages.ts";

export interface JournalOptions {
  /** Database file; `:memory:` forgets. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Most rows that are kept. */
  readonly maxRows: number;
  readonly maxAgeMs: number;
  /** Whether each transaction waits for the disk: rows then survive a power cut, not only the end of the process. */
  readonly durable: boolean;
}

/**
 * What this edge has said: one row per verdict, numbered from 1 without gaps.
 *
 * Its random name tells a journal that was begun anew from its predecessor. The last row is never deleted, so that numbering continues
 * after a restart.
 */
export class Journal {
  /** Identity of this journal, new at its creation. */
  readonly name: string;
  readonly #options: JournalOptions;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #final: StatementSync;
  readonly #provisional: StatementSync;
  readonly #rows: StatementSync;
  readonly #max: StatementSync;
  #lastSeq: number;

  /** @throws {MeanetError} JOURNAL_UNUSABLE */
  constructor(options: JournalOptions) {
    this.#options = options;
    try {
      if (options.file !== ":memory:") mkdirSync(dirname(options.file), { recursive: true });
      this.#database = new DatabaseSync(options.file);
      this.#database.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = ${options.durable ? "FULL" : "NORMAL"};
        PRAGMA busy_timeout = 2000;
        CREATE TABLE IF NOT EXISTS journal (name TEXT NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS verdict (
          seq INTEGER PRIMARY KEY,
          device TEXT NOT NULL,
          id TEXT NOT NULL,
          final INTEGER NOT NULL,
          at INTEGER NOT NULL,
          payload TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX IF NOT EXISTS one_final ON verdict (device, id) WHERE final = 1;
        CREATE INDEX IF NOT EXISTS provisional ON verdict (device, id) WHERE final = 0;
      `);
      const known = this.#database.prepare("SELECT name FROM journal").get();
      this.name = (known?.name as string | undefined) ?? randomBytes(8).toString("hex");
      if (known === undefined) this.#database.prepare("INSERT INTO journal VALUES (?)").run(this.name);
    } catch (cause) {
      throw new MeanetError(
        "JOURNAL_UNUSABLE",
        `cannot open the journal ${options.file}: check the rights and the space of its folder, or move a damaged file away`,
        { file: options.file },
        { cause },
      );
    }
    this.#insert = this.#database.prepare("INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?)");
    this.#final = this.#database.prepare(
      "SELECT payload FROM verdict WHERE device = ? AND id = ? AND final = 1",
    );
    this.#provisional = this.#database.prepare(
      "SELECT max(seq) AS seq FROM verdict WHERE device = ? AND id = ? AND final = 0",
    );
    this.#rows = this.#database.prepare(
      "SELECT payload FROM verdict WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
    );
    this.#max = this.#database.prepare("SELECT coalesce(max(seq), 0) AS seq FROM verdict");
    this.#lastSeq = this.#readLastSeq();
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /**
   * Writes verdicts in one transaction: all or none.
   *
   * @returns them numbered, in the same order; for a frame that has a final verdict already, that one
   * @throws {MeanetError} JOURNAL_UNUSABLE when nothing was written
   */
  append(drafts: readonly Draft[]): Verdict[] {
    const before = this.#lastSeq;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      // The previous process may have written its last verdicts after this one began.
      this.#lastSeq = this.#readLastSeq();
      const verdicts = drafts.map((draft) => this.#write(draft));
      this.#database.exec("COMMIT");
      return verdicts;
    } catch (cause) {
      this.#lastSeq = before;
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw new MeanetError(
        "JOURNAL_UNUSABLE",
        `cannot write to the journal ${this.#options.file}: check the space of its disk`,
        { file: this.#options.file },
        { cause },
      );
    }
  }

  /** The recorded final verdict of a frame. */
  find(device: string, id: string): Verdict | undefined {
    const row = this.#final.get(device, id);
    return row && (JSON.parse(row.payload as string) as Verdict);
  }

  /** Rows that are still kept, at most `limit`, in the order of their numbers; both ends included. */
  rows(from: number, to: number, limit: number): Verdict[] {
    return this.#rows.all(from, to, limit).map((row) => JSON.parse(row.payload as string) as Verdict);
  }

  /** Deletes what is too old or too much, from the front up to the first row that is young enough, however old those after it. */
  trim(): void {
    const { now, maxAgeMs, maxRows } = this.#options;
    const { young } = this.#database
      .prepare("SELECT coalesce(min(seq), ?) AS young FROM verdict WHERE at >= ?")
      .get(this.#lastSeq, now() - maxAgeMs)!;
    const keepFrom = Math.min(Math.max(young as number, this.#lastSeq - maxRows + 1), this.#lastSeq);
    this.#database.prepare("DELETE FROM verdict WHERE seq < ?").run(keepFrom);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #readLastSeq(): number {
    return this.#max.get()!.seq as number;
  }

  #write(draft: Draft): Verdict {
    const { device, id, final } = draft;
    if (final) {
      const standing = this.find(device, id);
      if (standing !== undefined) return standing;
    }
    const seq = this.#lastSeq + 1;
    const numbered = { journal: this.name, seq, at: this.#options.now() };
    const verdict: Verdict =
      draft.outcome === "refused"
        ? { ...draft, ...numbered }
        : { ...draft, ...numbered, supersedes: final ? this.#provisionalSeq(device, id) : null };
    this.#insert.run(seq, device, id, final ? 1 : 0, verdict.at, JSON.stringify(verdict));
    this.#lastSeq = seq;
    return verdict;
  }

  #provisionalSeq(device: string, id: string): number | null {
    return (this.#provisional.get(device, id)?.seq as number | null | undefined) ?? null;
  }
}
