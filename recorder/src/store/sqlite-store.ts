import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Label, Verdict } from "@meanet/protocol";
import { prepareOnce } from "@meanet/runtime";
import { RollupBook } from "../rollups/rollup-book.ts";
import { openDatabase, storeError } from "./database.ts";
import { JournalBook } from "./journal-book.ts";
import { type DropCounters, dropGrowth, type EnergyCounters, energyGrowth } from "./node-rows.ts";
import { Retention } from "./retention.ts";
import { changingTables } from "./schema.ts";
import type { SeqRange } from "./seq-set.ts";
import type {
  Change,
  JournalName,
  JournalState,
  MeasurementTable,
  Observation,
  Pruned,
  RetentionLimits,
  Row,
  Store,
  StoreCounts,
  Written,
} from "./store.ts";
import { trainingRow } from "./training-row.ts";
import { correctness, verdictColumns } from "./verdict-row.ts";

interface LabelledVerdict extends Row {
  readonly row: number;
  readonly truth: Label["label"] | null;
  readonly label: string | null;
  readonly class_index: number | null;
}

/** The store in one SQLite file, or in `:memory:`. @throws {MeanetError} STORE_UNUSABLE */
export function openSqliteStore(file: string): Store {
  return new SqliteStore(openDatabase(file));
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #journals: JournalBook;
  readonly #rollups: RollupBook;
  readonly #retention: Retention;
  /** By SQL text, of which there are few: each is built from names in this file only. */
  readonly #prepare: (sql: string) => StatementSync;
  /** The last change number given out. It never falls, even when retention deletes the row that had it. */
  #change: number;
  /** A failed transaction could not be rolled back yet. */
  #needsRollback = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#prepare = prepareOnce(database);
    this.#journals = new JournalBook(database);
    this.#rollups = new RollupBook(database);
    this.#retention = new Retention(database);
    this.#change = this.#readLastChange();
  }

  get lastChange(): number {
    return this.#change;
  }

  write(batch: readonly Observation[]): Written {
    const counts = { verdicts: 0, duplicates: 0, labels: 0, refused: 0 };
    const touched = new Map<string, JournalName>();
    const touch = ({ site, edge, journal }: JournalName) =>
      touched.set(`${site}/${edge}/${journal}`, { site, edge, journal });
    this.#inTransaction((now) => {
      for (const observation of batch) {
        switch (observation.kind) {
          case "verdict":
            counts[this.#writeVerdict(observation.verdict, now)] += 1;
            touch(observation.verdict);
            break;
          case "label":
            this.#writeLabel(observation, now);
            counts.labels += 1;
            break;
          case "stats": {
            this.#writeStats(observation, now);
            const { site, node, stats } = observation;
            if (stats.journal === undefined) break;
            const name = { site, edge: node, journal: stats.journal.journal };
            this.#announce(name, stats.journal.lastSeq, now);
            touch(name);
            break;
          }
          case "energy":
            this.#writeEnergy(observation, now);
            break;
          case "training": {
            const { site, node, training } = observation;
            this.#insertChange("training", { site, node, ...trainingRow(training) }, now);
            break;
          }
          case "status":
            this.#writeStatus(observation, now);
        }
      }
    });
    return { ...counts, journals: [...touched.values()] };
  }

  journals(): JournalState[] {
    return this.#journals.states();
  }

  journal(name: JournalName): JournalState | undefined {
    return this.#journals.state(name);
  }

  giveUp(name: JournalName, range: SeqRange): number {
    const journal = this.#journals.get(name);
    if (journal === undefined) return 0;
    return this.#inTransaction(() => this.#journals.giveUp(journal, range));
  }

  changesAfter(change: number, limit: number): Change[] {
    const changes = changingTables.flatMap((table) => {
      const rows = this.#prepare(`SELECT * FROM ${table} WHERE change > ? ORDER BY change LIMIT ?`).all(
        change,
        limit,
      );
      return rows.map((row) => ({ change: Number(row.change), table, row: row as Row }));
    });
    return changes.sort((a, b) => a.change - b.change).slice(0, limit);
  }

  cursor(forwarder: string): number {
    return Number(this.#prepare("SELECT change FROM cursor WHERE forwarder = ?").get(forwarder)?.change ?? 0);
  }

  setCursor(forwarder: string, change: number): void {
    this.#prepare("INSERT INTO cursor VALUES (?, ?) ON CONFLICT DO UPDATE SET change = excluded.change").run(
      forwarder,
      change,
    );
  }

  tagValues(tag: string): string[] {
    const rows = this.#prepare("SELECT value FROM tag_value WHERE tag = ? ORDER BY position").all(tag);
    return rows.map(({ value }) => String(value));
  }

  addTagValues(tag: string, values: readonly string[]): void {
    this.#inTransaction(() => {
      for (const value of values)
        this.#prepare("INSERT OR IGNORE INTO tag_value (tag, value) VALUES (?, ?)").run(tag, value);
    });
  }

  prune(limits: RetentionLimits, forwarder?: string): Pruned {
    const cursor = forwarder === undefined ? undefined : this.cursor(forwarder);
    const pruned = this.#inTransaction(() => this.#retention.prune(limits, cursor));
    if (pruned.rows > 0) this.#retention.shrinkFile();
    else {
      // A forgotten journal is asked for again, whole, when its edge comes back: forget none while roll-ups would count its rows twice.
      const before = Math.min(limits.before, ...Object.values(limits.rollups ?? {}));
      this.#inTransaction(() => this.#journals.forget(before));
    }
    return pruned;
  }

  counts(): StoreCounts {
    const count = (table: string) => Number(this.#prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
    return {
      verdicts: count("verdict"),
      labels: count("label"),
      lost: this.#journals.lost,
      bytes: this.#retention.usedBytes(),
    };
  }

  close(): void {
    // Leaves one file behind, without its log.
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#database.close();
  }

  #writeVerdict(verdict: Verdict, now: number): "verdicts" | "duplicates" | "refused" {
    const journal = this.#journals.open(verdict, now);
    if (journal === undefined) return "refused";
    if (!this.#journals.add(journal, verdict.seq)) return "duplicates";
    const columns = verdictColumns(verdict);
    const labelled = this.#prepare("SELECT truth FROM label WHERE site = ? AND device = ? AND id = ?");
    const truth = (labelled.get(verdict.site, verdict.device, verdict.id)?.truth ?? null) as
      | Label["label"]
      | null;
    const correct = correctness(truth, columns.label ?? null, columns.class_index ?? null);
    this.#insertChange("verdict", { ...columns, journal_key: journal.key, truth, correct }, now);
    this.#rollups.addVerdict({ ...columns, correct });
    return "verdicts";
  }

  #writeLabel(
    { site, device, id, label: truth }: Extract<Observation, { kind: "label" }>,
    now: number,
  ): void {
    this.#prepare(
      `INSERT INTO label (recorded_at, site, device, id, truth) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET truth = excluded.truth`,
    ).run(now, site, device, id, truth);
    const verdicts = this.#prepare("SELECT * FROM verdict WHERE site = ? AND device = ? AND id = ?").all(
      site,
      device,
      id,
    ) as unknown as LabelledVerdict[];
    for (const verdict of verdicts) {
      if (verdict.truth === truth) continue;
      const correct = correctness(truth, verdict.label, verdict.class_index);
      this.#prepare("UPDATE verdict SET truth = ?, correct = ?, change = ? WHERE row = ?").run(
        truth,
        correct,
        this.#nextChange(),
        verdict.row,
      );
      this.#rollups.judgeVerdict(verdict, correct);
    }
  }

  #writeStats({ site, node, stats }: Extract<Observation, { kind: "stats" }>, now: number): void {
    const { kind, at, uptimeS, since = null, counters, drops, queues, exits, memoryBytes } = stats;
    const before = this.#lastDrops(site, node);
    const reported = {
      site,
      node,
      kind,
      at,
      uptime_s: uptimeS,
      since,
      counters: JSON.stringify(counters),
      drops: JSON.stringify(drops),
      queues: JSON.stringify(queues),
      exits: exits === undefined ? null : JSON.stringify(exits),
      memory_bytes: memoryBytes ?? null,
    };
    if (!this.#insertChange("node", reported, now)) return;
    this.#rollups.addGauges(reported);
    for (const growth of dropGrowth(before, stats)) {
      const row = { site, node, kind, at, ...growth };
      if (this.#insertChange("drop_count", row, now)) this.#rollups.addDrop(row);
    }
  }

  #lastDrops(site: string, node: string): DropCounters | undefined {
    // By order of arrival: the clock of a node may step back.
    const last = this.#prepare(
      "SELECT uptime_s, since, drops FROM node WHERE site = ? AND node = ? ORDER BY row DESC LIMIT 1",
    ).get(site, node);
    if (last === undefined) return undefined;
    return {
      uptimeS: Number(last.uptime_s),
      since: last.since as number | null,
      drops: JSON.parse(String(last.drops)) as Record<string, number>,
    };
  }

  #lastEnergy(site: string, node: string): EnergyCounters | undefined {
    const last = this.#prepare(
      "SELECT uptime_s, since, compute_j, uplink_j, thumbnail_j FROM energy WHERE site = ? AND node = ? ORDER BY row DESC LIMIT 1",
    ).get(site, node);
    if (last === undefined) return undefined;
    return {
      uptimeS: Number(last.uptime_s),
      since: last.since as number | null,
      computeJ: Number(last.compute_j),
      uplinkJ: Number(last.uplink_j),
      thumbnailJ: Number(last.thumbnail_j),
    };
  }

  #announce(name: JournalName, lastSeq: number, now: number): void {
    const journal = this.#journals.open(name, now);
    if (journal !== undefined) this.#journals.announce(journal, lastSeq);
  }

  #writeEnergy({ site, node, energy }: Extract<Observation, { kind: "energy" }>, now: number): void {
    const { kind, at, uptimeS, since = null, computeJ, uplinkJ, thumbnailJ = 0, source } = energy;
    const counters = { uptimeS, since, computeJ, uplinkJ, thumbnailJ };
    const used = energyGrowth(this.#lastEnergy(site, node), counters);
    const row = {
      site,
      node,
      kind,
      at,
      uptime_s: uptimeS,
      since,
      source,
      compute_j: computeJ,
      uplink_j: uplinkJ,
      thumbnail_j: thumbnailJ,
      compute_used_j: used.computeJ,
      uplink_used_j: used.uplinkJ,
      thumbnail_used_j: used.thumbnailJ,
    };
    if (this.#insertChange("energy", row, now)) this.#rollups.addEnergy(row);
  }

  #writeStatus({ site, node, status }: Extract<Observation, { kind: "status" }>, now: number): void {
    const { models, ...columns } = status;
    const model = models.length === 0 ? null : models.join(", ");
    // Retained, so every new connection delivers it again.
    const last = this.#prepare(
      "SELECT state, since, model FROM status WHERE site = ? AND node = ? ORDER BY row DESC LIMIT 1",
    ).get(site, node);
    if (last?.state === status.state && last.since === status.since && last.model === model) return;
    this.#insertChange("status", { site, node, at: now, ...columns, model }, now);
  }

  /** @returns false when a row with the same key was there before */
  #insertChange(table: MeasurementTable, columns: Row, now: number): boolean {
    const row: Row = { ...columns, recorded_at: now, change: this.#nextChange() };
    const names = Object.keys(row);
    const statement = this.#prepare(
      `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")}) ON CONFLICT DO NOTHING`,
    );
    return statement.run(...(Object.values(row) as SQLInputValue[])).changes === 1;
  }

  #nextChange(): number {
    this.#change += 1;
    return this.#change;
  }

  #readLastChange(): number {
    const sources = [...changingTables, "cursor"].map((table) => `SELECT max(change) AS last FROM ${table}`);
    return Number(
      this.#database.prepare(`SELECT max(last) AS last FROM (${sources.join(" UNION ALL ")})`).get()?.last,
    );
  }

  #inTransaction<T>(work: (now: number) => T): T {
    const now = Date.now();
    try {
      if (this.#needsRollback) this.#rollBack();
      this.#database.exec("BEGIN IMMEDIATE");
      const result = work(now);
      this.#journals.save(now);
      this.#rollups.save();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      try {
        this.#rollBack();
      } catch {
        // The first error is the one to report; the next transaction begins by rolling this one back.
      }
      throw storeError(error);
    }
  }

  /** Back to what is stored, in the file and in memory. */
  #rollBack(): void {
    this.#needsRollback = true;
    // A full disk has rolled back by itself.
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    this.#journals.load();
    this.#rollups.forget();
    this.#needsRollback = false;
  }
}
