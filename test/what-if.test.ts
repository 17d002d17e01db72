import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { stageSpans } from "@meanet/protocol";
import { type FrameRecord, runWhatIf, type WhatIf } from "@meanet/recorder";
import { meanet } from "./rig/meanet.ts";
import { Site } from "./rig/site.ts";
import { finalRows } from "./rig/store.ts";
import { expectWhole, type Summary } from "./rig/summary.ts";

const FRAMES = 300;
/** Both exits of the edge and the cloud are used at either. */
const LOW = 0.3;
const HIGH = 0.8;

interface Run {
  readonly site: Site;
  readonly summary: Summary;
}

/** The same frames, each time in the same order. */
async function run(threshold: number): Promise<Run> {
  const site = new Site();
  // However slow the machine, the cloud is asked once about each and answers each: bytes and joules are then the same in every run.
  const patient = { MEANET__EDGE__DEADLINE: "50s", MEANET__EDGE__SILENCE: "50s" };
  Object.assign(process.env, { ...patient, MEANET__EDGE__THRESHOLD: String(threshold) });
  const size = ["--frames", String(FRAMES), "--rate", "50", "--no-flows", "--thumbnails", "0s"];
  const ended = await meanet("up", ...size, "--port", "0", "--json", "--state", site.folder);
  return { site, summary: expectWhole(ended, FRAMES) };
}

function at({ rows }: WhatIf, threshold: number) {
  const row = rows.find((one) => one.threshold === threshold);
  assert.ok(row, `no row of ${threshold}`);
  return row;
}

const near = (actual: number | null, expected: number, within: number) =>
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= within,
    `${actual} is not ${expected} ± ${within}`,
  );

describe("what another threshold would have come to", () => {
  let low: Run;
  let high: Run;
  before(async () => {
    low = await run(LOW);
    high = await run(HIGH);
  });
  after(async () => {
    await low?.site.close();
    await high?.site.close();
  });
  const ask = ({ site }: Run) => runWhatIf(site.storeFile, { grid: `${LOW},${HIGH}` });

  it("is, at the threshold in force, what the run came to", () => {
    for (const [one, threshold] of [
      [low, LOW],
      [high, HIGH],
    ] as const) {
      const answer = ask(one);
      assert.deepEqual(answer.inForce, { threshold, from: "verdict" });
      const { summary } = one;
      const row = at(answer, threshold);
      assert.deepEqual(
        [row.sent, row.coverage, row.accuracy, row.estimatedAccuracy, row.uplinkBytes, row.costCoverage],
        [summary.exits.cloud, 1, summary.accuracy, summary.accuracy, summary.uplinkBytes, 1],
      );
      near(row.jPerFrame, summary.energyJ.perFrame, 1e-9);
    }
  });

  it("is, at another threshold, what a run with that threshold comes to: sent, joules, bytes; and about its accuracy", () => {
    for (const [one, threshold, other] of [
      [low, HIGH, high],
      [high, LOW, low],
    ] as const) {
      const row = at(ask(one), threshold);
      const { summary } = other;
      assert.equal(row.sent, summary.exits.cloud);
      near(row.jPerFrame, summary.energyJ.perFrame, 0.01 * summary.energyJ.perFrame);
      near(row.uplinkBytes, summary.uplinkBytes, 0.01 * summary.uplinkBytes);
      near(row.estimatedAccuracy, summary.accuracy, 0.04);
      assert.ok(row.coverage < 1);
    }
  });

  it("tells the way of a single frame, whose stages explain its latency", async () => {
    const { site } = low;
    const { stdout } = await meanet("whatif", "--json", "--store", site.storeFile);
    assert.equal((JSON.parse(stdout) as WhatIf).frames, FRAMES);
    const id = finalRows(site.storeFile).find(({ exit }) => exit === "cloud")?.id ?? "";
    const told = await meanet("trace", id, "--json", "--store", site.storeFile);
    const { frames } = JSON.parse(told.stdout) as { frames: readonly FrameRecord[] };
    const last = frames[0]?.verdicts.at(-1);
    assert.ok(last?.outcome === "answered" && last.stages !== null);
    const spans = stageSpans(last.stages, last.latencyMs);
    const sum = spans.reduce((ms, { durationMs }) => ms + durationMs, 0);
    near(sum, last.latencyMs, 0.01);
    assert.deepEqual(
      spans.filter(({ stage }) => stage !== "rest").map(({ stage }) => stage),
      ["admit", "decode", "mainQueue", "main", "cloud"],
    );
    assert.deepEqual(Object.keys(last.top ?? {}), ["main", "cloud"]);
    assert.equal(last.edgeAnswer?.exit, "main");
    const otlp = await meanet("trace", id, "--otlp", "--store", site.storeFile);
    assert.match(otlp.stdout, /^\{"resourceSpans":\[.*"traceId":"[0-9a-f]{32}"/);
    const unknown = await meanet("trace", "no-such-frame", "--store", site.storeFile);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^FRAME_UNKNOWN: .*no-such-frame/);
  });
});
