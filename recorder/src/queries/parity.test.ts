import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { Forwarder } from "../influx/forwarder.ts";
import { connectInflux, type InfluxServer } from "../influx/influx-server.ts";
import { provision } from "../influx/provision.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Observation } from "../store/store.ts";
import { forwardAll } from "../testing/forwarded.ts";
import { type Influxd, startInfluxd } from "../testing/influxd.ts";
import { START } from "../testing/verdicts.ts";
import { runInfluxQuery } from "./influxql.ts";
import { type QueryName, queries } from "./named-queries.ts";
import { observations } from "./observations-for-tests.ts";
import type { QueryOptions, Source } from "./query-options.ts";
import type { QueryResult } from "./query-result.ts";
import { runQuery } from "./sql.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-parity-"));
const file = join(folder, "recorder.sqlite");
let influxd: Influxd;
let server: InfluxServer;

/** To the end of the hour that holds the last row: policies count from now, so rolled-up rows must be of these days. */
const HOUR = 3_600_000;
const ROLLED_STEP = 150_000;
const rolledBegin = Date.now() - (Date.now() % HOUR) - 30 * HOUR;
const rolledFile = join(folder, "rolled.sqlite");
let rolledServer: InfluxServer;

async function fill(databaseFile: string, target: InfluxServer, list: readonly Observation[]): Promise<void> {
  const store = openSqliteStore(databaseFile);
  store.write(list);
  const config = { batch: 200, retryWait: 10, maxRetryWait: 100, maxTagValues: 100 };
  const forwarder = new Forwarder({ store, server: target, config, log: createLog("test", "silent") });
  await forwardAll(forwarder);
  await forwarder.stop(1000);
  store.close();
}

before(async () => {
  influxd = await startInfluxd();
  server = connectInflux({ url: `${influxd.url}/meanet`, requestTimeout: 20_000 });
  await fill(file, server, observations());
  rolledServer = connectInflux({ url: `${influxd.url}/rolled`, requestTimeout: 20_000 });
  await fill(rolledFile, rolledServer, observations(rolledBegin, ROLLED_STEP));
  const keepMs = 90 * 24 * HOUR;
  const policy = (policyName: string) => ({ name: policyName, keepMs });
  await provision({
    server: rolledServer,
    policies: { raw: policy("raw"), "1m": policy("minutes"), "1h": policy("hours") },
    ...{ lateMs: HOUR, now: Date.now() },
  });
});

after(async () => {
  await influxd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Sums of floats depend on the order of their terms. */
function rounded({ rows, ...rest }: QueryResult) {
  const round = (cell: unknown) => (typeof cell === "number" ? Number(cell.toPrecision(12)) : cell);
  return { ...rest, rows: rows.map((row) => row.map(round)) };
}

const spans: readonly QueryOptions[] = [
  { since: String(START), until: String(START + 30_000) },
  { since: String(START + 1234), until: String(START + 20_001) },
  { since: String(START - 5000), until: String(START + 30_000), interval: "10s" },
  { since: String(START), until: String(START + 9000), interval: "700ms" },
  { since: String(START + 1e6), until: String(START + 2e6) },
  { since: String(START), until: String(START + 30_000), site: "lab" },
];

for (const name of Object.keys(queries) as QueryName[]) {
  if (queries[name].momentary) continue;
  describe(`query ${name}`, () => {
    for (const by of [undefined, ...queries[name].by]) {
      for (const span of spans) {
        const options = { ...span, ...(by === undefined ? {} : { by }) };
        test(`SQLite and InfluxDB answer ${JSON.stringify(options)} the same`, async () => {
          const fromSqlite = runQuery(file, name, options);
          const fromInflux = await runInfluxQuery(server, name, options);
          assert.deepEqual(rounded(fromInflux), rounded(fromSqlite));
          assert.equal(fromSqlite.rows.length > 0, span !== spans[4]);
        });
      }
    }
  });
}

const rolledEnd = rolledBegin + 26 * HOUR;
const rolledSpans: readonly (readonly [QueryOptions, Source])[] = [
  [{ since: String(rolledBegin), until: String(rolledEnd) }, "1m"],
  [{ since: String(rolledBegin), until: String(rolledEnd), interval: "1h" }, "1h"],
  [{ since: String(rolledBegin), until: String(rolledEnd), interval: "50m" }, "1m"],
  [{ since: String(rolledBegin + 1_234_567), until: String(rolledEnd - HOUR + 5), interval: "2m" }, "1m"],
  [{ since: "20d", until: String(rolledEnd) }, "1h"],
  [{ since: String(rolledBegin), until: String(rolledEnd), site: "lab" }, "1m"],
  [{ since: String(rolledBegin), until: String(rolledEnd), from: "1h" }, "1h"],
  [{ since: String(rolledBegin), until: String(rolledEnd), from: "raw" }, "raw"],
];

const rolledNames = (Object.keys(queries) as QueryName[]).filter((name) =>
  queries[name].parts.every(({ rollup }) => rollup !== undefined),
);

test("all queries are rolled up but that of the moment, and that of the few steps of trainings", () => {
  const momentary = Object.entries(queries).flatMap(([name, query]) => (query.momentary ? [name] : []));
  assert.deepEqual([...rolledNames, ...momentary, "training"].sort(), Object.keys(queries).sort());
});

for (const name of rolledNames) {
  describe(`query ${name} from roll-ups`, () => {
    for (const by of [undefined, ...queries[name].by]) {
      for (const [span, source] of rolledSpans) {
        const options = { ...span, ...(by === undefined ? {} : { by }) };
        test(`SQLite and InfluxDB answer ${JSON.stringify(options)} the same`, async () => {
          const fromSqlite = runQuery(rolledFile, name, options);
          const fromInflux = await runInfluxQuery(rolledServer, name, options);
          assert.deepEqual(rounded(fromInflux), rounded(fromSqlite));
          assert.equal(fromSqlite.from, source);
          assert.ok(fromSqlite.rows.length > 0);
        });
      }
    }

    test("whole intervals give the same from rows, minutes and hours; percentiles nearly", () => {
      const span = { since: String(rolledBegin), until: String(rolledEnd), interval: "2h" };
      const raw = runQuery(rolledFile, name, { ...span, from: "raw" });
      for (const from of ["1m", "1h"] as const) {
        const rolled = runQuery(rolledFile, name, { ...span, from });
        const estimated = raw.columns.map((column) => /^p\d\dMs$/.test(column));
        const exact = ({ rows }: QueryResult) =>
          rows.map((row) => row.filter((_, index) => !estimated[index]));
        assert.deepEqual(
          rounded({ ...raw, rows: exact(rolled) }).rows,
          rounded({ ...raw, rows: exact(raw) }).rows,
        );
        for (const [row, cells] of rolled.rows.entries()) {
          for (const [index, cell] of cells.entries()) {
            const ratio = Number(cell) / Number(raw.rows[row]![index]);
            if (estimated[index])
              assert.ok(ratio > 1 / 1.28 && ratio < 1.28, `${raw.columns[index]}: ${ratio}`);
          }
        }
      }
    });
  });
}

/** Statuses are recorded with the time of their arrival. */
const untilNow = { since: String(START), until: String(Date.now() + 3_600_000) };

test("nodes › each as it was last heard of, with its drops of the time; the same from both databases", async () => {
  const fromSqlite = runQuery(file, "nodes", untilNow);
  assert.deepEqual(rounded(await runInfluxQuery(server, "nodes", untilNow)), rounded(fromSqlite));
  const heard = fromSqlite.columns.indexOf("heardAt");
  for (const row of fromSqlite.rows)
    assert.ok(Number(row[heard]) > START && Number(row[heard]) <= Date.now());
  const figures = fromSqlite.rows.map((row) => row.toSpliced(heard, 1));
  assert.deepEqual(figures, [
    ["lab", "edge-1", "edge", "online", "1.2.3", "toy@1.0.0, motion@1.0.0", null, null, null, 0],
    ...[
      [
        "lab",
        "edge-2",
        "edge",
        "offline",
        "1.2.3",
        "toy@1.0.0, motion@1.0.0",
        600,
        100_600,
        "publish 0, waiting 6",
        900,
      ],
    ],
    ["lab", "worker-1", "worker", "stopped", "1.2.3", "toy@1.0.0, motion@1.0.0", null, null, null, 0],
  ]);
  const bySite = { ...untilNow, by: "site" } as const;
  assert.deepEqual(runQuery(file, "nodes", bySite).rows, fromSqlite.rows);
  for (const [site, rows] of [
    ["lab", fromSqlite.rows],
    ["hall", []],
  ] as const) {
    const ofSite = { ...untilNow, site };
    assert.deepEqual(runQuery(file, "nodes", ofSite).rows, rows);
    assert.deepEqual((await runInfluxQuery(server, "nodes", ofSite)).rows, rows);
  }
});
