import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { AnswerVerdict } from "@meanet/protocol";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { START } from "../testing/verdicts.ts";
import { queries, queryNames } from "./named-queries.ts";
import { observations } from "./observations-for-tests.ts";
import { runQuery } from "./sql.ts";

// What each query counts, computed another way; that InfluxDB answers the same is held by parity.test.ts.
const folder = mkdtempSync(join(tmpdir(), "meanet-queries-"));
const file = join(folder, "recorder.sqlite");
const all = { since: String(START), until: String(START + 30_000) };
const HOUR = 3_600_000;

before(() => {
  const store = openSqliteStore(file);
  store.write(observations());
  store.close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

function finalAnswers(): AnswerVerdict[] {
  return observations().flatMap((one) =>
    one.kind === "verdict" && one.verdict.outcome === "answered" && one.verdict.final ? [one.verdict] : [],
  );
}

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

test("latency › percentiles agree with the definition, computed another way", () => {
  const values = finalAnswers().map(({ latencyMs }) => latencyMs);
  values.sort((a, b) => a - b);
  const at = (percent: number) => values[Math.floor((values.length * percent) / 100 + 0.5) - 1];
  const [row] = runQuery(file, "latency", all).rows;
  assert.deepEqual(
    row?.filter((_, index) => index !== 1),
    [values.length, at(50), at(95), at(99), values.at(-1)],
  );
});

test("throughput › counts final answers only: neither provisional ones nor refusals", () => {
  const finals = finalAnswers();
  assert.deepEqual(runQuery(file, "throughput", all).rows, [[finals.length, finals.length / 30]]);
});

test("throughput › rates an interval by the part of it that was asked for", () => {
  const end = START + 30_000;
  const options = { since: String(START + 2_500), until: String(end - 1_500), interval: "5s" };
  const { rows } = runQuery(file, "throughput", options);
  const seconds = rows.map(([time]) =>
    Math.min(5, (Number(time) + 2_500 - START) / 1000, (end - 1_500 - Number(time)) / 1000),
  );
  assert.deepEqual([seconds[0], seconds.at(-1)], [2.5, 3.5]);
  for (const [index, [, frames, framesPerS]] of rows.entries())
    assert.equal(framesPerS, Number(frames) / seconds[index]!);
});

test("accuracy › counts what has a label", () => {
  const labels = new Map(
    observations().flatMap((one) => (one.kind === "label" ? [[`${one.device}/${one.id}`, one.label]] : [])),
  );
  let labelled = 0;
  let correct = 0;
  for (const { device, id, label } of finalAnswers()) {
    const truth = labels.get(`${device}/${id}`);
    labelled += Number(truth !== undefined);
    correct += Number(truth === label);
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

for (const name of queryNames.filter((one) => queries[one].by.includes("site"))) {
  test(`${name} › of one site is what it says of that site among all`, () => {
    const { columns, rows } = runQuery(file, name, { ...all, by: "site" });
    const at = columns.indexOf("site");
    const isKey = !queries[name].columns.includes("site");
    for (const site of ["lab", "hall", "nowhere"]) {
      const ofSite = rows.filter((row) => row[at] === site);
      assert.deepEqual(
        runQuery(file, name, { ...all, site }).rows,
        isKey ? ofSite.map((row) => row.toSpliced(at, 1)) : ofSite,
      );
    }
  });
}

test("training › counts steps of each kind with their joules, and the mean of what candidates were judged by", () => {
  const steps = observations().flatMap((one) =>
    one.kind === "training" && one.node === "edge-2" ? [one.training] : [],
  );
  const of = (event: string) => steps.filter((step) => step.event === event);
  const joules = (event: string) => of(event).reduce((sum, { energyJ }) => sum + energyJ, 0);
  const judged = of("accepted").flatMap((step) => (step.event === "accepted" ? [step.figures.heldOut] : []));
  const mean = (side: "current" | "candidate") =>
    judged.reduce((sum, heldOut) => sum + heldOut[side], 0) / judged.length;
  assert.ok(judged.length > 2);
  const { rows } = runQuery(file, "training", { ...all, by: "edge" });
  const round = (figure: unknown) => (typeof figure === "number" ? Number(figure.toPrecision(12)) : figure);
  assert.deepEqual(
    rows.filter(([edge]) => edge === "edge-2").map((row) => row.map(round)),
    [
      ["edge-2", "accepted", judged.length, joules("accepted"), mean("current"), mean("candidate")].map(
        round,
      ),
      ["edge-2", "collected", of("collected").length, round(joules("collected")), null, null],
      ["edge-2", "failed", of("failed").length, round(joules("failed")), null, null],
    ],
  );
});

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
