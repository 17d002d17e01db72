import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { waitUntil } from "@meanet/session/testing";
import { Forwarder } from "../influx/forwarder.ts";
import { connectInflux, type InfluxServer } from "../influx/influx-server.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Observation } from "../store/store.ts";
import { type Influxd, startInfluxd } from "../testing/influxd.ts";
import { answered, refused, START } from "../testing/verdicts.ts";
import { runInfluxQuery } from "./influxql.ts";
import { type QueryName, queries } from "./named-queries.ts";
import type { QueryOptions } from "./query-options.ts";
import type { QueryResult } from "./query-result.ts";
import { runQuery } from "./sql.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-parity-"));
const file = join(folder, "recorder.sqlite");
let influxd: Influxd;
let server: InfluxServer;

/** Three devices on two edges of two sites, all outcomes, exits and labels; figures that differ in every row. */
function observations(): Observation[] {
  const list: Observation[] = [];
  for (let seq = 1; seq <= 600; seq++) {
    const edge = seq % 5 === 0 ? "edge-2" : "edge-1";
    const place = {
      edge,
      device: `cam-${seq % 3}`,
      site: seq % 7 === 0 ? "hall" : "lab",
      at: START + seq * 47,
    };
    const exit = (["main", "main", "extension", "cloud"] as const)[seq % 4]!;
    const energy = {
      mainJ: seq / 1e4,
      extensionJ: 0.002,
      uplinkJ: exit === "cloud" ? 0.0071 : 0,
      cloudJ: seq / 1e3,
      source: "modelled:toy",
    };
    const figures = {
      exit,
      model: seq % 3 === 0 ? "motion@1.0.0" : "toy@1.0.0",
      energy,
      latencyMs: ((seq * 7919) % 1000) / 8,
      uplinkBytes: exit === "cloud" ? 3000 + seq : 0,
    };
    if (seq % 11 === 0)
      list.push({
        kind: "verdict",
        verdict: refused(seq, { ...place, reason: seq % 2 ? "overload" : "undecodable" }),
      });
    else if (seq % 13 === 0)
      list.push({
        kind: "verdict",
        verdict: answered(seq, { ...place, ...figures, final: false, cloud: "pending" }),
      });
    else list.push({ kind: "verdict", verdict: answered(seq, { ...place, ...figures }) });
    if (seq % 6 === 0) {
      list.push({
        kind: "label",
        site: place.site,
        device: place.device,
        id: `frame-${seq}`,
        label: seq % 4 ? "cat" : "dog",
      });
    }
    if (seq % 100 === 0) {
      const drops = { oldest: seq, overload: seq / 2 };
      const stats = {
        kind: "edge",
        at: place.at,
        uptimeS: seq,
        counters: { frames: seq },
        drops,
        queues: { frames: 1 },
      } as const;
      list.push({ kind: "stats", site: "lab", node: edge, stats });
    }
  }
  return list;
}

before(async () => {
  influxd = await startInfluxd();
  server = connectInflux({ url: `${influxd.url}/meanet`, requestTimeout: 5000 });
  const store = openSqliteStore(file);
  store.write(observations());
  const config = { batch: 200, retryWait: 10, maxRetryWait: 100, maxTagValues: 100 };
  const forwarder = new Forwarder({ store, server, config, log: createLog("test", "silent") });
  forwarder.wake();
  await waitUntil(
    "all is forwarded",
    () => forwarder.state(store.lastChange),
    ({ backlog }) => backlog === 0,
  );
  await forwarder.stop(1000);
  store.close();
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
];

for (const name of Object.keys(queries) as QueryName[]) {
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

const all = spans[0]!;

test("latency › percentiles agree with the definition, computed another way", () => {
  const values = observations().flatMap((one) =>
    one.kind === "verdict" && one.verdict.outcome === "answered" && one.verdict.final
      ? [one.verdict.latencyMs]
      : [],
  );
  values.sort((a, b) => a - b);
  const at = (percent: number) => values[Math.floor((values.length * percent) / 100 + 0.5) - 1];
  const [row] = runQuery(file, "latency", all).rows;
  assert.deepEqual([row?.[0], row?.[2], row?.[3], row?.[4]], [values.length, at(50), at(99), values.at(-1)]);
});

test("throughput › counts final answers only: neither provisional ones nor refusals", () => {
  const finals = observations().filter(
    (one) => one.kind === "verdict" && one.verdict.outcome === "answered" && one.verdict.final,
  );
  assert.deepEqual(runQuery(file, "throughput", all).rows, [[finals.length, finals.length / 30]]);
});

test("accuracy › counts what has a label", () => {
  const labels = new Map(
    observations().flatMap((one) => (one.kind === "label" ? [[`${one.device}/${one.id}`, one.label]] : [])),
  );
  let labelled = 0;
  let correct = 0;
  for (const one of observations()) {
    if (one.kind !== "verdict" || one.verdict.outcome !== "answered" || !one.verdict.final) continue;
    const truth = labels.get(`${one.verdict.device}/${one.verdict.id}`);
    labelled += Number(truth !== undefined);
    correct += Number(truth === one.verdict.label);
  }
  assert.ok(labelled > 50 && correct > 0 && correct < labelled);
  assert.deepEqual(runQuery(file, "accuracy", all).rows, [[labelled, correct, correct / labelled]]);
});

test("exits › shares of each group and interval sum to one", () => {
  const { rows } = runQuery(file, "exits", { ...all, by: "device", interval: "10s" });
  const sums = new Map<string, number>();
  for (const row of rows)
    sums.set(`${row[0]} ${row[1]}`, (sums.get(`${row[0]} ${row[1]}`) ?? 0) + Number(row[4]));
  assert.equal(sums.size, 9);
  for (const sum of sums.values()) assert.ok(Math.abs(sum - 1) < 1e-12);
});
