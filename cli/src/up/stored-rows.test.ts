import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { type Influxd, startInfluxd } from "@meanet/recorder/testing";
import { freePort } from "@meanet/session/testing";
import { awaitStoredRows, influxRows, sqliteRows } from "./stored-rows.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-rows-"));
after(() => rmSync(folder, { recursive: true }));

const since = 1_000;
/** Two frames of run r-1, one of them with a provisional answer before; one of another run; one too early. */
const rows = [
  { id: "r-1-0", at: 1_000, outcome: "provisional" },
  { id: "r-1-0", at: 1_001, outcome: "answered" },
  { id: "r-1-1", at: 1_002, outcome: "refused" },
  { id: "r-2-0", at: 1_003, outcome: "answered" },
  { id: "r-1-2", at: 999, outcome: "answered" },
];

describe("rows in SQLite", () => {
  const file = join(folder, "recorder.sqlite");
  before(() => {
    const database = new DatabaseSync(file);
    database.exec("CREATE TABLE verdict (id TEXT, device TEXT, at INTEGER, outcome TEXT)");
    const insert = database.prepare("INSERT INTO verdict VALUES (?, 'camera-1', ?, ?)");
    for (const { id, at, outcome } of rows) insert.run(id, at, outcome);
    database.close();
  });

  it("are the final ones of this run", () => {
    assert.equal(sqliteRows(file, { since, idPrefix: "r-1-" }), 2);
    assert.equal(sqliteRows(file, { since, idPrefix: "" }), 3);
    assert.equal(sqliteRows(join(folder, "none.sqlite"), { since, idPrefix: "" }), 0);
  });

  it("are told with what is missing when they do not come in time", async () => {
    const filter = { file, influx: undefined, since, idPrefix: "r-1-" };
    assert.deepEqual(await awaitStoredRows({ ...filter, expected: 2, timeoutMs: 60_000 }), {
      file,
      rows: 2,
      missing: 0,
    });
    assert.deepEqual(await awaitStoredRows({ ...filter, expected: 5, timeoutMs: 0 }), {
      file,
      rows: 2,
      missing: 3,
    });
  });
});

describe("rows in InfluxDB", () => {
  let influxd: Influxd;
  let url: string;
  before(async () => {
    influxd = await startInfluxd();
    url = `${influxd.url}/meanet`;
    await fetch(new URL("/query?q=CREATE DATABASE meanet", url), { method: "POST" });
    const lines = rows.map(({ id, at, outcome }) => `verdict,outcome=${outcome} id="${id}" ${at}`);
    await fetch(new URL("/write?db=meanet&precision=ms", url), { method: "POST", body: lines.join("\n") });
  });
  after(() => influxd.stop());

  it("are the final ones of this run", async () => {
    assert.equal(await influxRows({ url }, { since, idPrefix: "r-1-" }), 2);
    assert.equal(await influxRows({ url }, { since, idPrefix: "r-3-" }), 0);
  });

  it("count as missing while the server is away, and why is told once", async () => {
    const told: string[] = [];
    const away = `http://127.0.0.1:${await freePort()}/meanet`;
    const stored = await awaitStoredRows({
      file: join(folder, "recorder.sqlite"),
      influx: { url: away },
      since,
      idPrefix: "r-1-",
      expected: 2,
      timeoutMs: 0,
      onInfluxAway: (reason) => void told.push(reason),
    });
    const { error, ...rest } = stored.influx!;
    assert.deepEqual(rest, { url: away, rows: 0, missing: 2 });
    assert.match(error!, /ECONNREFUSED/);
    assert.deepEqual(told, [error]);
  });
});
