import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type SeqRange, SeqSet } from "./seq-set.ts";
import type { JournalName, JournalState } from "./store.ts";

interface Journal extends JournalName {
  readonly key: number;
  readonly seqs: SeqSet;
  lost: number;
  /** Last row that the edge says it has. Not stored: retained stats say it again after a restart. */
  announced: number;
}

/** Most holes of one journal; beyond it the oldest count as lost. Each costs memory, and a hostile edge could make any number. */
const MAX_HOLES = 1000;
/** Journals tracked. An edge begins a new one when its state is deleted. */
const MAX_JOURNALS = 10_000;
/** How many are forgotten at once when there are too many, since finding them takes a look at all. */
const FORGOTTEN_AT_ONCE = 100;
/** How long a journal must be quiet before it gives way to another, however many a hostile edge begins. */
const QUIET_MS = 24 * 60 * 60 * 1000;

/**
 * Which rows of which journal are in the database: the memory of "exactly once".
 *
 * In memory for speed; `save` writes what changed into the transaction that holds the rows themselves.
 */
export class JournalBook {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  #journals = new Map<string, Journal>();
  readonly #changed = new Set<Journal>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      "INSERT INTO journal (site, edge, journal, ranges, lost, touched_at) VALUES (?, ?, ?, '', 0, ?)",
    );
    this.#update = database.prepare("UPDATE journal SET ranges = ?, lost = ?, touched_at = ? WHERE key = ?");
    this.load();
  }

  /** Forgets what was not saved. Changes nothing when it throws. */
  load(): void {
    const journals = new Map<string, Journal>();
    for (const row of this.#database.prepare("SELECT * FROM journal").all()) {
      const { key, site, edge, journal, ranges, lost } = row as unknown as JournalRow;
      const name = nameOf({ site, edge, journal });
      journals.set(name, {
        key,
        site,
        edge,
        journal,
        lost,
        seqs: SeqSet.parse(ranges),
        announced: this.#journals.get(name)?.announced ?? 0,
      });
    }
    this.#journals = journals;
    this.#changed.clear();
  }

  /**
   * Finds or opens a journal. When there are too many, those quiet for longest give way: their edges have probably gone. Inside a
   * transaction.
   *
   * @returns undefined when there are too many and all of them have rows or were heard of lately
   */
  open(name: JournalName, now: number): Journal | undefined {
    const known = this.#journals.get(nameOf(name));
    if (known !== undefined) return known;
    if (this.#journals.size >= MAX_JOURNALS && !this.#forgetQuietest(now)) return undefined;
    const { site, edge, journal } = name;
    const key = Number(this.#insert.run(site, edge, journal, now).lastInsertRowid);
    const opened: Journal = { key, site, edge, journal, seqs: new SeqSet(), lost: 0, announced: 0 };
    this.#journals.set(nameOf(name), opened);
    return opened;
  }

  /** @returns false when the row was there before */
  add(journal: Journal, seq: number): boolean {
    if (!journal.seqs.add(seq)) return false;
    this.#changed.add(journal);
    while (journal.seqs.rangeCount > MAX_HOLES)
      this.giveUp(journal, journal.seqs.holes(journal.seqs.highest)[0]!);
    return true;
  }

  /** The edge says it has rows up to `lastSeq`: a sign of life, saved so that a quiet journal is not forgotten. */
  announce(journal: Journal, lastSeq: number): void {
    journal.announced = Math.max(journal.announced, lastSeq);
    this.#changed.add(journal);
  }

  giveUp(journal: Journal, range: SeqRange): number {
    let lost = 0;
    for (const hole of journal.seqs.holes(range.to)) {
      if (hole.to >= range.from) lost += hole.to - Math.max(hole.from, range.from) + 1;
    }
    journal.seqs.addRange(range);
    journal.lost += lost;
    this.#changed.add(journal);
    return lost;
  }

  save(now: number): void {
    for (const { seqs, lost, key } of this.#changed) this.#update.run(seqs.toString(), lost, now, key);
    this.#changed.clear();
  }

  /** Forgets journals that have no rows left and were last written before `before`. */
  forget(before: number): void {
    const { changes } = this.#database
      .prepare(`DELETE FROM journal WHERE touched_at < ? AND ${WITHOUT_ROWS}`)
      .run(before);
    if (changes !== 0) this.load();
  }

  #forgetQuietest(now: number): boolean {
    const gone = this.#database
      .prepare(
        `DELETE FROM journal WHERE key IN (
           SELECT key FROM journal WHERE touched_at < ? AND ${WITHOUT_ROWS} ORDER BY touched_at LIMIT ?
         ) RETURNING site, edge, journal`,
      )
      .all(now - QUIET_MS, FORGOTTEN_AT_ONCE) as unknown as JournalName[];
    for (const name of gone) this.#journals.delete(nameOf(name));
    return gone.length > 0;
  }

  get(name: JournalName): Journal | undefined {
    return this.#journals.get(nameOf(name));
  }

  state(name: JournalName): JournalState | undefined {
    const journal = this.get(name);
    return journal && stateOf(journal);
  }

  states(): JournalState[] {
    return [...this.#journals.values()].map(stateOf);
  }

  get lost(): number {
    let lost = 0;
    for (const journal of this.#journals.values()) lost += journal.lost;
    return lost;
  }
}

const WITHOUT_ROWS = "NOT EXISTS (SELECT 1 FROM verdict WHERE verdict.journal_key = journal.key)";

interface JournalRow extends JournalName {
  readonly key: number;
  readonly ranges: string;
  readonly lost: number;
}

function stateOf({ site, edge, journal, seqs, lost, announced }: Journal): JournalState {
  const lastSeq = Math.max(seqs.highest, announced);
  return { site, edge, journal, lastSeq, holes: seqs.holes(lastSeq), lost };
}

/** Ids hold no slash. */
function nameOf({ site, edge, journal }: JournalName): string {
  return `${site}/${edge}/${journal}`;
}
