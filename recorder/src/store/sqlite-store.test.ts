import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { answered } from "../testing/verdicts.ts";
import { readDatabase } from "./database.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Store } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-recorder-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("sqlite store › refuses a file that is no database, naming it", () => {
  const file = join(folder, "text.sqlite");
  writeFileSync(file, "not a database, but long enough to be taken for one".repeat(100));
  assert.throws(
    () => openSqliteStore(file),
    (error) => isMeanetError(error, "STORE_UNUSABLE") && error.message.includes(file),
  );
});

function makeVersion2(database: DatabaseSync): void {
  for (const column of ["frame_bytes", "threshold", "extension_j", "stages", "top", "edge_answer"]) {
    database.exec(`ALTER TABLE verdict DROP COLUMN ${column}`);
  }
  database.exec(`ALTER TABLE node DROP COLUMN memory_bytes; DROP TABLE verdict_1m; DROP TABLE verdict_1h; DROP TABLE drop_count_1m; DROP TABLE drop_count_1h;
    PRAGMA user_version = 2`);
}

test("sqlite store › leads a database of version 1 on, and keeps its rows", () => {
  const file = join(folder, "old.sqlite");
  const store = openSqliteStore(file);
  store.write([{ kind: "label", site: "lab", device: "cam", id: "a", label: 3 }]);
  store.close();
  const database = new DatabaseSync(file);
  makeVersion2(database);
  database.exec(`DROP TABLE training; PRAGMA user_version = 1;
    CREATE TABLE training (row INTEGER PRIMARY KEY, change INTEGER, block TEXT NOT NULL, recorded_at INTEGER)`);
  database.close();
  const again = openSqliteStore(file);
  const step = {
    at: 1,
    model: "tiny@1.0.0",
    energyJ: 0,
    run: 1,
    event: "failed",
    reason: "disk full",
  } as const;
  const observed = { kind: "training", site: "lab", node: "edge-1", training: step } as const;
  again.write([observed, observed]);
  const rows = again.changesAfter(0, 10).filter(({ table }) => table === "training");
  assert.deepEqual(
    rows.map(({ row }) => [row.event, row.reason, JSON.parse(String(row.detail))]),
    [["failed", "disk full", step]],
  );
  assert.equal(again.counts().labels, 1);
  again.close();
});

test("sqlite store › leads a database of version 6 on: figures of trainings are read again from what was told", () => {
  const file = join(folder, "version-6.sqlite");
  const columns = ["held_out", "held_out_won", "held_out_lost", "reference_won", "reference_lost"];
  const newer = [...columns, "disagreement_before", "disagreement_after", "latency_p99_ms"];
  const heldOut = { items: 9, current: 0.5, candidate: 0.75, won: 3, lost: 1 };
  const store = openSqliteStore(file);
  store.write([
    {
      ...{ kind: "training", site: "lab", node: "edge-1" },
      training: {
        ...{ at: 1, model: "tiny@1.0.0", energyJ: 0, run: 1, event: "accepted" },
        figures: { heldOut, reference: null },
      },
    },
  ]);
  store.close();
  const database = new DatabaseSync(file);
  for (const column of newer) database.exec(`ALTER TABLE training DROP COLUMN ${column}`);
  database.exec("PRAGMA user_version = 6");
  database.close();
  const again = openSqliteStore(file);
  const [change] = again.changesAfter(0, 10).filter(({ table }) => table === "training");
  assert.deepEqual([change?.row.held_out_won, change?.row.reference_won ?? null], [3, null]);
  again.close();
});

test("sqlite store › leads a database of version 2 on: its verdicts stay, new ones tell more", () => {
  const file = join(folder, "version-2.sqlite");
  const store = openSqliteStore(file);
  store.write([{ kind: "verdict", verdict: answered(1) }]);
  store.close();
  const database = new DatabaseSync(file);
  makeVersion2(database);
  database.close();
  const again = openSqliteStore(file);
  again.write([{ kind: "verdict", verdict: answered(2, { frameBytes: 99 }) }]);
  assert.deepEqual(
    again.changesAfter(0, 10).map(({ row }) => [row.id, row.frame_bytes, row.extension_j]),
    [
      ["frame-1", null, null],
      ["frame-2", 99, 0],
    ],
  );
  again.close();
});

test("sqlite store › leads a database of version 8 on: what nodes told is found by its time", () => {
  const file = join(folder, "version-8.sqlite");
  openSqliteStore(file).close();
  const database = new DatabaseSync(file);
  database.exec("DROP INDEX energy_at; DROP INDEX node_at; PRAGMA user_version = 8");
  openSqliteStore(file).close();
  const indexes = database.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE '%_at'",
  );
  assert.deepEqual(
    indexes.all().map(({ name }) => name),
    ["verdict_at", "drop_count_at", "energy_at", "node_at"],
  );
  database.close();
});

test("sqlite store › leads a database of version 10 on: of processes whose start was not told, the uptime tells", () => {
  const file = join(folder, "version-10.sqlite");
  const told = (store: Store, at: number, since: number | undefined, uptimeS: number, overload: number) => {
    const stats = {
      kind: "edge",
      at,
      since,
      uptimeS,
      counters: {},
      drops: { overload },
      queues: {},
    } as const;
    store.write([{ kind: "stats", site: "lab", node: "edge-1", stats }]);
  };
  const before = openSqliteStore(file);
  told(before, 1000, undefined, 10, 3);
  before.close();
  const database = new DatabaseSync(file);
  const tables = ["energy", "node"].map((table) => `ALTER TABLE ${table} DROP COLUMN since;`);
  database.exec(`${tables.join(" ")} PRAGMA user_version = 10`);
  database.close();
  const again = openSqliteStore(file);
  told(again, 2000, 500, 20, 5);
  told(again, 3000, 2500, 30, 6);
  const drops = again.changesAfter(0, 100).filter(({ table }) => table === "drop_count");
  assert.deepEqual(
    drops.map(({ row }) => row.dropped),
    [3, 2, 6],
  );
  again.close();
});

test("sqlite store › refuses a database of another version, and says what to do", () => {
  const file = join(folder, "other.sqlite");
  const refused = (version: number, open: (file: string) => unknown, words: RegExp) => {
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    assert.throws(
      () => open(file),
      (error) => isMeanetError(error, "STORE_UNUSABLE") && words.test(error.message),
    );
  };
  refused(99, openSqliteStore, /of version 99, expected \d+: .*later release/);
  // A reader changes nothing.
  const read = (path: string) => readDatabase(path, () => assert.fail("it was read"));
  refused(9, read, /of version 9, expected \d+: .*start the recorder on it once/);
  refused(0, read, /is no recorder's database/);
  assert.throws(
    () => read(join(folder, "missing.sqlite")),
    (error) => isMeanetError(error, "STORE_UNUSABLE"),
  );
});

test("sqlite store › says STORE_FAILED while another process holds the database, and stores afterwards", () => {
  const file = join(folder, "held.sqlite");
  const store = openSqliteStore(file);
  const holder = new DatabaseSync(file);
  holder.exec("BEGIN IMMEDIATE");
  assert.throws(
    () => store.write([{ kind: "verdict", verdict: answered(1) }]),
    (error) => isMeanetError(error, "STORE_FAILED"),
  );
  holder.exec("ROLLBACK");
  holder.close();
  assert.equal(store.write([{ kind: "verdict", verdict: answered(1) }]).verdicts, 1);
  store.close();
});

test("sqlite store › says STORE_FAILED though a failed transaction cannot be undone, and undoes it later", (context) => {
  const store = openSqliteStore(join(folder, "failing.sqlite"));
  store.write([{ kind: "verdict", verdict: answered(1) }]);
  // No disk fails at the word of a test.
  const failure = () => {
    throw Object.assign(new Error("disk I/O error"), { errcode: 10 });
  };
  const exec = context.mock.method(DatabaseSync.prototype, "exec").mock;
  const prepare = context.mock.method(DatabaseSync.prototype, "prepare").mock;
  const write = () => store.write([{ kind: "verdict", verdict: answered(2) }]);
  const failed = (error: unknown) => isMeanetError(error, "STORE_FAILED");
  // After BEGIN: COMMIT and ROLLBACK.
  for (const call of [1, 2]) exec.mockImplementationOnce(failure, call);
  assert.throws(write, failed);
  // Now ROLLBACK works, and the journals cannot be read, neither before the transaction nor after it.
  for (const call of [0, 1]) prepare.mockImplementationOnce(failure, call);
  assert.throws(write, failed);
  assert.deepEqual([exec.callCount(), prepare.callCount()], [4, 2]);
  assert.deepEqual([write().verdicts, write().duplicates, store.counts().verdicts], [1, 1, 2]);
  store.close();
});

test("sqlite store › gives space back to the disk", () => {
  const file = join(folder, "shrinking.sqlite");
  const store = openSqliteStore(file);
  for (let seq = 1; seq <= 20_000; seq += 2000) {
    store.write(
      Array.from({ length: 2000 }, (_, index) => ({ kind: "verdict", verdict: answered(seq + index) })),
    );
  }
  const limits = { before: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
  while (store.prune(limits).rows > 0);
  store.close();
  const pages = readDatabase(file, (database) =>
    Number(database.prepare("PRAGMA page_count").get()?.page_count),
  );
  assert.ok(pages < 100, `${pages} pages left`);
});
