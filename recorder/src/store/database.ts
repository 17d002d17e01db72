import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MeanetError, reasonOf } from "@meanet/runtime";
import { tables, upgrades, VERSION } from "./schema.ts";

/** How long to wait for another process that writes; it blocks everything else meanwhile. */
const BUSY_WAIT_MS = 500;

/**
 * Opens the recorder's database; creates it when there is none.
 *
 * @throws {MeanetError} STORE_UNUSABLE
 */
export function openDatabase(file: string): DatabaseSync {
  return guarded(file, () => {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    const database = new DatabaseSync(file, { timeout: BUSY_WAIT_MS });
    // The first two must precede the first table, since they shape the file. NORMAL keeps every commit when the process dies; what a power
    // cut takes from the end of the log comes back by replay.
    database.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    if (versionOf(database) === 0) {
      database.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA user_version = ${VERSION}; COMMIT`);
    }
    for (let at = versionOf(database); at < VERSION && upgrades[at] !== undefined; at += 1) {
      database.exec("BEGIN IMMEDIATE");
      upgrades[at]!(database);
      database.exec(`PRAGMA user_version = ${at + 1}; COMMIT`);
    }
    checkVersion(database, file);
    return database;
  });
}

/**
 * What `read` finds in the recorder's database; a recorder may be writing it.
 *
 * @throws {MeanetError} STORE_UNUSABLE; whatever `read` throws
 */
export function readDatabase<T>(file: string, read: (database: DatabaseSync) => T): T {
  const database = openToRead(file);
  try {
    return read(database);
  } finally {
    database.close();
  }
}

function openToRead(file: string): DatabaseSync {
  if (!existsSync(file)) {
    throw new MeanetError(
      "STORE_UNUSABLE",
      `there is no ${file}: the recorder makes it when it starts; check the path`,
      { file },
    );
  }
  return guarded(file, () => {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    checkVersion(database, file);
    return database;
  });
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.user_version);
}

function checkVersion(database: DatabaseSync, file: string): void {
  const version = versionOf(database);
  if (version === VERSION) return;
  database.close();
  throw new MeanetError("STORE_UNUSABLE", `${file} ${whyNot(version)}`, { file, version });
}

function whyNot(version: number): string {
  if (version === 0) return "is no recorder's database: check the path";
  const found = `is of version ${version}, expected ${VERSION}`;
  if (version > VERSION) return `${found}: it belongs to a later release; update this one`;
  return `${found}: it belongs to an earlier release; start the recorder on it once, which brings it up to date`;
}

function guarded(file: string, open: () => DatabaseSync): DatabaseSync {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof MeanetError) throw cause;
    const reason = reasonOf(cause);
    throw new MeanetError(
      "STORE_UNUSABLE",
      `cannot open the recorder's database ${file} (${reason}): check the path, its rights and the disk`,
      { file },
      { cause },
    );
  }
}

/** Primary result codes that blame the disk or another process, not the rows: busy, locked, no memory, read-only, I/O, corrupt, full, cannot open. */
const OUTAGES = new Set([5, 6, 7, 8, 10, 11, 13, 14]);

/** The error of a failed transaction: STORE_FAILED when the same rows may be stored later, else as it came. */
export function storeError(cause: unknown): unknown {
  if (!(cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number")) return cause;
  if (!OUTAGES.has(cause.errcode & 0xff)) return cause;
  return new MeanetError(
    "STORE_FAILED",
    `the recorder's database cannot be written (${cause.message}): check disk space, rights and who else holds it`,
    { errcode: cause.errcode },
    { cause },
  );
}
