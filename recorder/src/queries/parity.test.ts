import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { AnswerVerdict } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { waitUntil } from "@meanet/session/testing";
import { Forwarder } from "../influx/forwarder.ts";
import { connectInflux, type InfluxServer } from "../influx/influx-server.ts";
import { provision } from "../influx/provision.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Observation } from "../store/store.ts";
import { type Influxd, startInfluxd } from "../testing/influxd.ts";
import { answered, refused, START } from "../testing/verdicts.ts";
import type { Source } from "./choose-source.ts";
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
function observations(begin = START, stepMs = 47): Observation[] {
  const list: Observation[] = [];
  for (let seq = 1; seq <= 600; seq++) {
    const edge = seq % 5 === 0 ? "edge-2" : "edge-1";
    const place = {
      edge,
      device: `cam-${seq % 3}`,
      site: seq % 7 === 0 ? "hall" : "lab",
      at: begin + seq * stepMs,
    };
    const exit = (["main", "main", "extension", "cloud"] as const)[seq % 4]!;
    const energy = {
      mainJ: seq / 1e4,
      extensionJ: exit === "extension" ? 0.002 + seq / 1e6 : 0,
      uplinkJ: exit === "cloud" ? 0.0071 : 0,
      cloudJ: exit === "cloud" ? seq / 1e3 : 0,
      source: "modelled:toy",
    };
    const figures = {
      exit,
      model: seq % 3 === 0 ? "motion@1.0.0" : "toy@1.0.0",
      energy,
      latencyMs: ((seq * 7919) % 1000) / 8,
      uplinkBytes: exit === "cloud" ? 3000 + seq : 0,
      ...(exit === "cloud" && seq % 5 !== 0 ? { edgeAnswer: edgeAnswer(seq) } : {}),
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
        memoryBytes: 100_000 + seq,
        counters: { frames: seq },
        drops,
        queues: { waiting: seq / 100, publish: 0 },
      } as const;
      list.push({ kind: "stats", site: "lab", node: edge, stats });
    }
  }
  for (const [node, state] of [
    ["edge-1", "online"],
    ["edge-2", "online"],
    ["edge-2", "offline"],
    ["worker-1", "stopped"],
  ] as const) {
    const kind = node.startsWith("edge") ? "edge" : "worker";
    const status = {
      state,
      kind,
      version: "1.2.3",
      models: ["toy@1.0.0", "motion@1.0.0"],
      since: START,
    } as const;
    list.push({ kind: "status", site: "lab", node, status });
  }
  return list;
}

/** Class 3 is what the cloud says. */
function edgeAnswer(seq: number) {
  const classIndex = seq % 3 === 0 ? 5 : 3;
  return { label: "dog", classIndex, confidence: 0.5, exit: "main", complete: seq % 9 !== 0 } as const;
}

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
  forwarder.wake();
  await waitUntil(
    "all is forwarded",
    () => forwarder.state(store.lastChange),
    ({ backlog }) => backlog === 0,
  );
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
  [{ since: String(rolledBegin), until: String(rolledEnd), from: "1h" }, "1h"],
  [{ since: String(rolledBegin), until: String(rolledEnd), from: "raw" }, "raw"],
];

const rolledNames = (Object.keys(queries) as QueryName[]).filter((name) =>
  queries[name].parts.every(({ rollup }) => rollup !== undefined),
);

test("all queries but that of the moment are rolled up", () => {
  const momentary = Object.entries(queries).flatMap(([name, query]) => (query.momentary ? [name] : []));
  assert.deepEqual([...rolledNames, ...momentary].sort(), Object.keys(queries).sort());
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

test("roll-ups › answer for rows that retention has deleted", () => {
  const prunedFile = join(folder, "pruned.sqlite");
  const store = openSqliteStore(prunedFile);
  store.write(observations());
  const hour = START - (START % HOUR);
  const span = { since: String(hour), until: String(hour + HOUR) };
  const before = runQuery(prunedFile, "exits", span);
  while (store.prune({ before: Number.MAX_SAFE_INTEGER, maxBytes: 1e12 }).rows > 0);
  store.close();
  const after = runQuery(prunedFile, "exits", span);
  assert.deepEqual([before.from, after.from], ["raw", "1m"]);
  assert.deepEqual(after.rows, before.rows);
});

const all = spans[0]!;

/** Statuses are recorded with the time of their arrival. */
const untilNow = { since: String(START), until: String(Date.now() + 3_600_000) };

test("nodes › each as it was last heard of, with its drops of the time; the same from both databases", async () => {
  const fromSqlite = runQuery(file, "nodes", untilNow);
  assert.deepEqual(rounded(await runInfluxQuery(server, "nodes", untilNow)), rounded(fromSqlite));
  assert.deepEqual(fromSqlite.rows, [
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
  const ofOneSite = { ...untilNow, by: "site" } as const;
  assert.deepEqual(runQuery(file, "nodes", ofOneSite).rows, fromSqlite.rows);
});

test("disagreement › compares what the edge said beside the cloud's answer, where it is known", () => {
  let compared = 0;
  let different = 0;
  for (const verdict of finalAnswers()) {
    if (verdict.edgeAnswer === undefined) continue;
    compared += 1;
    different += Number(verdict.edgeAnswer.classIndex !== verdict.classIndex);
  }
  assert.ok(compared > 50 && different > 10 && different < compared);
  assert.deepEqual(runQuery(file, "disagreement", all).rows, [[compared, different, different / compared]]);
});

test("savings › adds to what was recorded what other ways would have cost, frame by frame", () => {
  const { columns, rows } = runQuery(file, "savings", all);
  for (const model of ["motion@1.0.0", "toy@1.0.0"]) {
    const verdicts = finalAnswers().filter((verdict) => verdict.model === model);
    const mean = (figures: readonly number[]) => figures.reduce((sum, one) => sum + one, 0) / figures.length;
    const sent = verdicts.filter(({ uplinkBytes }) => uplinkBytes > 0);
    const [bytesEach, uplinkEach, cloudEach, extensionEach] = [
      mean(sent.map(({ uplinkBytes }) => uplinkBytes)),
      mean(sent.map(({ energy }) => energy.uplinkJ)),
      mean(verdicts.filter(({ exit }) => exit === "cloud").map(({ energy }) => energy.cloudJ)),
      mean(verdicts.flatMap(({ energy }) => (energy.extensionJ > 0 ? [energy.extensionJ] : []))),
    ];
    const expected = {
      edgeJ: 0,
      cloudJ: 0,
      bytes: 0,
      edgeOnlyJ: 0,
      cloudOnlyEdgeJ: 0,
      cloudOnlyCloudJ: 0,
      cloudOnlyBytes: 0,
    };
    for (const { energy, uplinkBytes, exit, edgeAnswer } of verdicts) {
      const { mainJ, extensionJ, uplinkJ, cloudJ } = energy;
      expected.edgeJ += mainJ + extensionJ + uplinkJ;
      expected.cloudJ += cloudJ;
      expected.bytes += uplinkBytes;
      expected.edgeOnlyJ += mainJ + extensionJ + (edgeAnswer?.complete === false ? extensionEach : 0);
      expected.cloudOnlyEdgeJ += uplinkBytes > 0 ? uplinkJ : uplinkEach;
      expected.cloudOnlyCloudJ += exit === "cloud" ? cloudJ : cloudEach;
      expected.cloudOnlyBytes += uplinkBytes > 0 ? uplinkBytes : bytesEach;
    }
    const row = rows.find((one) => one[0] === model);
    for (const [column, figure] of Object.entries(expected)) {
      const found = Number(row?.[columns.indexOf(column)]);
      assert.ok(
        Math.abs(found - figure) <= 1e-9 * figure,
        `${model} ${column}: ${found}, expected ${figure}`,
      );
    }
  }
});

test("savings › knows nothing of the cloud where nothing was sent", () => {
  const quiet = { since: String(START), until: String(START + 100) };
  const { columns, rows } = runQuery(file, "savings", quiet);
  const column = (name: string) => rows.map((row) => row[columns.indexOf(name)]);
  assert.ok(rows.length > 0);
  assert.deepEqual(new Set(column("sent")), new Set([0]));
  for (const name of ["cloudOnlyEdgeJ", "cloudOnlyCloudJ", "cloudOnlyBytes"]) {
    assert.deepEqual(new Set(column(name)), new Set([null]));
  }
});

function finalAnswers(): AnswerVerdict[] {
  return observations().flatMap((one) =>
    one.kind === "verdict" && one.verdict.outcome === "answered" && one.verdict.final ? [one.verdict] : [],
  );
}

test("latency › percentiles agree with the definition, computed another way", () => {
  const values = observations().flatMap((one) =>
    one.kind === "verdict" && one.verdict.outcome === "answered" && one.verdict.final
      ? [one.verdict.latencyMs]
      : [],
  );
  values.sort((a, b) => a - b);
  const at = (percent: number) => values[Math.floor((values.length * percent) / 100 + 0.5) - 1];
  const [row] = runQuery(file, "latency", all).rows;
  assert.deepEqual(
    row?.filter((_, index) => index !== 1),
    [values.length, at(50), at(95), at(99), values.at(-1)],
  );
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
