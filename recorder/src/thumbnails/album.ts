import { chmodSync, rmSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { ThumbnailType } from "@meanet/protocol";
import { MeanetError, prepareOnce, reasonOf } from "@meanet/runtime";
import type { ThumbnailsConfig } from "./config.ts";
import { type ThumbnailEntry, toEntry } from "./entry.ts";

export interface ThumbnailName {
  readonly site: string;
  readonly device: string;
  readonly id: string;
}

export interface Thumbnail extends ThumbnailName {
  readonly type: ThumbnailType;
  readonly bytes: Uint8Array;
}

export interface KeptThumbnail extends Thumbnail {
  /** Names these bytes: another picture under the same id has another. */
  readonly version: string;
}

export interface ListOptions {
  readonly site: string;
  readonly device?: string | undefined;
  readonly limit: number;
}

export interface Kept {
  readonly kept: number;
  /** Deleted for their age, number or bytes. */
  readonly expired: number;
}

const VERSION = 1;
const BUSY_WAIT_MS = 500;
/** What a row costs beside its bytes, so that a flood of empty ones is bounded too. */
const ROW_BYTES = 256;
/** When it is full the album is cut down to this share of its bytes, so that not every new thumbnail costs a scan. */
const CUT_TO = 0.95;
/** A thumbnail whose verdict has not come by then counts as no disagreement. */
const VERDICT_WAIT_MS = 60_000;
/** Thumbnails that await their verdict, looked up at once. */
const SETTLED_AT_ONCE = 200;

// disagreed: whether the cloud's answer was another than the edge's; null until the verdict is there.
const tables = `
CREATE TABLE thumbnail (
  row INTEGER PRIMARY KEY, site TEXT NOT NULL, device TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
  type TEXT NOT NULL, disagreed INTEGER, bytes BLOB NOT NULL,
  UNIQUE (site, device, id)
) STRICT;
CREATE INDEX thumbnail_device ON thumbnail (site, device, row);
CREATE INDEX thumbnail_order ON thumbnail (disagreed IS 1, row);
CREATE INDEX thumbnail_open ON thumbnail (row) WHERE disagreed IS NULL;
`;

/** A thumbnail's final verdict, the newest; `store` is the recorder's database. */
const verdictOf = `(SELECT max(row) FROM store.verdict AS v
  WHERE v.site = t.site AND v.device = t.device AND v.id = t.id AND v.outcome <> 'provisional')`;
const entryColumns = `t.site, t.device, t.id, t.at, t.type, t.disagreed, v.outcome, v.reason, v.label, v.confidence,
  v.exit, v.edge_answer, v.truth, v.correct`;
const entries = `SELECT ${entryColumns} FROM thumbnail AS t LEFT JOIN store.verdict AS v ON v.row = ${verdictOf}`;

/**
 * The small pictures of frames, in a database of their own: to get rid of them, delete one file; their size is bounded apart from the
 * verdicts. Calls are synchronous; each is bounded.
 */
export class Album {
  readonly #database: DatabaseSync;
  readonly #config: ThumbnailsConfig;
  /** By SQL text, of which there are few: each is built in this file. */
  readonly #prepare: (sql: string) => StatementSync;
  /** Bytes and {@link ROW_BYTES} of all rows. */
  #bytes: number;

  /**
   * @param file - created when there is none, readable by its owner only; a damaged one is deleted, since its pictures cannot be read or expired
   * @param storeFile - the recorder's database, which is only read
   * @throws {MeanetError} STORE_UNUSABLE
   */
  constructor(
    file: string,
    storeFile: string,
    config: ThumbnailsConfig,
    onDamaged: (reason: string) => void = () => undefined,
  ) {
    this.#config = config;
    try {
      this.#database = openOrReplace(file, onDamaged);
      this.#prepare = prepareOnce(this.#database);
      this.#database.prepare("ATTACH ? AS store").run(`${pathToFileURL(storeFile).href}?mode=ro`);
      this.#bytes = this.#readBytes();
    } catch (cause) {
      if (cause instanceof MeanetError) throw cause;
      const reason = reasonOf(cause);
      throw new MeanetError(
        "STORE_UNUSABLE",
        `cannot open the recorder's thumbnails ${file} (${reason}): check the path, its rights and the disk; nothing else needs this file`,
        { file },
        { cause },
      );
    }
  }

  /** Keeps them, replacing those of the same names, and makes room. @throws what SQLite throws; none is kept then */
  put(thumbnails: readonly Thumbnail[], now: number): Kept {
    return this.#inTransaction(() => {
      this.#settle(now);
      for (const { site, device, id, type, bytes } of thumbnails) {
        this.#forget("site = ? AND device = ? AND id = ?", site, device, id);
        this.#prepare(
          "INSERT INTO thumbnail (site, device, id, at, type, bytes) VALUES (?, ?, ?, ?, ?, ?)",
        ).run(site, device, id, now, type, bytes);
        this.#bytes += bytes.byteLength + ROW_BYTES;
      }
      const devices = new Map(thumbnails.map(({ site, device }) => [`${site}/${device}`, { site, device }]));
      let expired = 0;
      for (const { site, device } of devices.values()) expired += this.#cutDevice(site, device);
      return { kept: thumbnails.length, expired: expired + this.#cutBytes() };
    });
  }

  /** Deletes what is too old. @returns how many */
  expire(now: number): number {
    return this.#inTransaction(() => {
      this.#settle(now);
      return this.#forget("at < ?", now - this.#config.age);
    });
  }

  get(name: ThumbnailName): KeptThumbnail | undefined {
    return this.#read("site = ? AND device = ? AND id = ?", name.site, name.device, name.id);
  }

  latest(site: string, device: string): KeptThumbnail | undefined {
    return this.#read("site = ? AND device = ? ORDER BY row DESC LIMIT 1", site, device);
  }

  /** The newest first, with what their verdicts say. */
  list({ site, device, limit }: ListOptions): ThumbnailEntry[] {
    const of = device === undefined ? "t.site = ?" : "t.site = ? AND t.device = ?";
    const values = device === undefined ? [site] : [site, device];
    return this.#list(`${entries} WHERE ${of} ORDER BY t.row DESC LIMIT ?`, ...values, limit);
  }

  /** The newest of each device, by device. */
  listDevices({ site, limit }: ListOptions): ThumbnailEntry[] {
    const newest = "SELECT max(row) FROM thumbnail WHERE site = ? GROUP BY device";
    return this.#list(`${entries} WHERE t.row IN (${newest}) ORDER BY t.device LIMIT ?`, site, limit);
  }

  /** Frames where edge and cloud disagree and no label says who is right, the newest first. */
  listDisagreements({ site, device, limit }: ListOptions, now: number): ThumbnailEntry[] {
    this.#inTransaction(() => this.#settle(now));
    const of = device === undefined ? "t.site = ?" : "t.site = ? AND t.device = ?";
    const values = device === undefined ? [site] : [site, device];
    return this.#list(
      `${entries} WHERE t.disagreed IS 1 AND ${of} AND NOT EXISTS (SELECT 1 FROM store.label AS l
         WHERE l.site = t.site AND l.device = t.device AND l.id = t.id) ORDER BY t.row DESC LIMIT ?`,
      ...values,
      limit,
    );
  }

  counts(): { readonly thumbnails: number; readonly bytes: number } {
    const thumbnails = Number(this.#prepare("SELECT count(*) AS n FROM thumbnail").get()?.n);
    return { thumbnails, bytes: this.#bytes };
  }

  close(): void {
    this.#database.exec("PRAGMA main.wal_checkpoint(TRUNCATE)");
    this.#database.close();
  }

  /** Looks up the verdicts of thumbnails that arrived before them. */
  #settle(now: number): void {
    this.#prepare(
      `UPDATE thumbnail AS t SET disagreed = coalesce(
         (SELECT v.exit = 'cloud' AND coalesce(v.edge_answer ->> '$.classIndex', v.class_index) <> v.class_index
          FROM store.verdict AS v WHERE v.row = ${verdictOf}),
         CASE WHEN t.at < ? THEN 0 END)
       WHERE t.row IN (SELECT row FROM thumbnail WHERE disagreed IS NULL ORDER BY row LIMIT ${SETTLED_AT_ONCE})`,
    ).run(now - VERDICT_WAIT_MS);
  }

  #cutDevice(site: string, device: string): number {
    const of = "site = ? AND device = ?";
    const count = this.#prepare(
      `SELECT count(*) AS n, coalesce(sum(disagreed), 0) AS disagreed FROM thumbnail WHERE ${of}`,
    ).get(site, device);
    const { perDevice } = this.#config;
    const excess = Number(count?.n) - perDevice;
    if (excess <= 0) return 0;
    const ofDisagreed = Math.min(excess, Math.max(0, Number(count?.disagreed) - (perDevice >> 1)));
    const cut = (disagreed: 0 | 1, rows: number) =>
      this.#forget(
        `row IN (SELECT row FROM thumbnail WHERE ${of} AND (disagreed IS 1) = ? ORDER BY row LIMIT ?)`,
        ...[site, device, disagreed, rows],
      );
    return cut(1, ofDisagreed) + cut(0, excess - ofDisagreed);
  }

  #cutBytes(): number {
    const maxBytes = this.#config.sizeMb * 1e6;
    if (this.#bytes <= maxBytes) return 0;
    const half = maxBytes / 2;
    let disagreed = this.#readBytes("WHERE disagreed IS 1");
    let expired = 0;
    while (this.#bytes > maxBytes * CUT_TO) {
      const before = this.#bytes;
      const from = disagreed > half || disagreed === before ? 1 : 0;
      const gone = this.#forget(
        "row IN (SELECT row FROM thumbnail WHERE (disagreed IS 1) = ? ORDER BY row LIMIT 16)",
        from,
      );
      if (from === 1) disagreed -= before - this.#bytes;
      if (gone === 0) break;
      expired += gone;
    }
    return expired;
  }

  /** @returns how many rows went */
  #forget(where: string, ...values: (string | number)[]): number {
    const sizes = this.#prepare(`DELETE FROM thumbnail WHERE ${where} RETURNING length(bytes) AS size`).all(
      ...values,
    );
    for (const { size } of sizes) this.#bytes -= Number(size) + ROW_BYTES;
    return sizes.length;
  }

  #read(where: string, ...values: string[]): KeptThumbnail | undefined {
    const found = this.#prepare(
      `SELECT row, site, device, id, at, type, bytes FROM thumbnail WHERE ${where}`,
    ).get(...values);
    if (found === undefined) return undefined;
    const { row, at, ...kept } = found;
    return { ...(kept as unknown as Thumbnail), version: `${String(row)}-${String(at)}` };
  }

  #list(sql: string, ...values: (string | number)[]): ThumbnailEntry[] {
    return this.#prepare(sql)
      .all(...values)
      .map((row) => toEntry(row));
  }

  #readBytes(where = ""): number {
    const sum = `SELECT coalesce(sum(length(bytes) + ${ROW_BYTES}), 0) AS bytes FROM thumbnail ${where}`;
    return Number(this.#prepare(sum).get()?.bytes);
  }

  #inTransaction<T>(work: () => T): T {
    const before = this.#bytes;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#bytes = before;
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}

/** SQLite's SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = new Set([11, 26]);

function openOrReplace(file: string, onDamaged: (reason: string) => void): DatabaseSync {
  try {
    return openAlbum(file);
  } catch (error) {
    if (!(error instanceof Error && "errcode" in error && DAMAGED.has(Number(error.errcode)))) throw error;
    onDamaged(error.message);
    for (const part of [file, `${file}-wal`, `${file}-shm`]) rmSync(part, { force: true });
    return openAlbum(file);
  }
}

function openAlbum(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_WAIT_MS });
  try {
    // Pictures of people and places: for the owner's eyes, and overwritten when they are deleted.
    if (file !== ":memory:") chmodSync(file, 0o600);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON");
    const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA user_version = ${VERSION}; COMMIT`);
    else if (version !== VERSION) {
      throw new MeanetError(
        "STORE_UNUSABLE",
        `${file} is of version ${version}, expected ${VERSION}: it belongs to another release; delete it, nothing else needs it`,
        { file, version },
      );
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
