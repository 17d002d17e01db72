import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { AnswerVerdict, Verdict } from "@meanet/protocol";
import { isMeanetError } from "@meanet/runtime";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { answered, refused, START } from "../testing/verdicts.ts";
import { findFrames } from "./frame-record.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-frames-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function stored(
  verdicts: readonly Verdict[],
  label?: { readonly id: string; readonly truth: string },
): string {
  const file = join(folder, `${++files}.sqlite`);
  const store = openSqliteStore(file);
  store.write(verdicts.map((verdict) => ({ kind: "verdict", verdict })));
  if (label !== undefined) {
    store.write([{ kind: "label", site: "lab", device: "cam-1", id: label.id, label: label.truth }]);
  }
  store.close();
  return file;
}

const rich: Partial<AnswerVerdict> = {
  ...{ id: "a", exit: "cloud", route: "complex", cloud: "answered", worker: "worker-1", uplinkBytes: 3200 },
  ...{ label: "dog", classIndex: 5, threshold: 0.1, frameBytes: 3072, supersedes: 1 },
  stages: { admitMs: 0.5, mainMs: 3, cloudMs: 20 },
  top: { main: [{ classIndex: 3, label: "cat", probability: 0.5 }] },
  edgeAnswer: { label: "cat", classIndex: 3, confidence: 0.5, exit: "main", complete: true },
  energy: { mainJ: 0.25, extensionJ: 0.5, uplinkJ: 2, cloudJ: 1, source: "modelled:toy" },
};

describe("findFrames", () => {
  test("gives the whole way of a frame: what was said of it, in order, and its label", () => {
    const provisional = answered(1, { id: "a", final: false, cloud: "pending" });
    const file = stored([provisional, answered(2, rich), answered(3)], { id: "a", truth: "dog" });
    const [frame, ...others] = findFrames(file, "a");
    assert.deepEqual(others, []);
    assert.deepEqual([frame?.site, frame?.device, frame?.truth], ["lab", "cam-1", "dog"]);
    const [first, last] = frame!.verdicts;
    assert.ok(first?.outcome === "provisional" && last?.outcome === "answered");
    assert.deepEqual(
      [first.correct, first.stages, first.top, first.edgeAnswer, first.threshold],
      [...[false, null, null, null, null]],
    );
    assert.deepEqual(
      { ...last },
      {
        ...{ edge: "edge-1", journal: "journal-1", seq: 2, at: START + 20, receivedAt: START + 15, qos: 1 },
        ...{
          latencyMs: 5,
          frameBytes: 3072,
          outcome: "answered",
          supersedes: 1,
          label: "dog",
          classIndex: 5,
        },
        ...{
          confidence: 0.9,
          exit: "cloud",
          route: "complex",
          cloud: "answered",
          entropy: 0.2,
          threshold: 0.1,
        },
        ...{ queueMs: 1, computeMs: 2, uplinkBytes: 3200, model: "toy@1.0.0", worker: "worker-1" },
        energy: {
          ...{ edgeJ: 0.75, mainJ: 0.25, extensionJ: 0.5, uplinkJ: 2, cloudJ: 1, source: "modelled:toy" },
        },
        ...{ stages: rich.stages, top: rich.top, edgeAnswer: rich.edgeAnswer, correct: true },
      },
    );
  });

  test("tells frames of several devices with one id apart, and finds the one asked for", () => {
    const file = stored([
      ...[answered(1, { id: "a", device: "cam-2" }), answered(2, { id: "a" })],
      ...[refused(3, { id: "a", site: "hall", frameBytes: 9 })],
    ]);
    const places = (place = {}) =>
      findFrames(file, "a", place).map(({ site, device }) => `${site}/${device}`);
    assert.deepEqual(places(), ["hall/cam-1", "lab/cam-1", "lab/cam-2"]);
    assert.deepEqual(places({ device: "cam-1" }), ["hall/cam-1", "lab/cam-1"]);
    assert.deepEqual(places({ device: "cam-1", site: "lab" }), ["lab/cam-1"]);
    const [refusal] = findFrames(file, "a", { site: "hall" })[0]!.verdicts;
    assert.ok(refusal?.outcome === "refused");
    assert.deepEqual([refusal.reason, refusal.frameBytes], ["overload", 9]);
  });

  test("says that no such frame is recorded, naming what was looked for: FRAME_UNKNOWN", () => {
    const file = stored([answered(1)]);
    assert.throws(
      () => findFrames(file, "frame-1", { device: "cam-9" }),
      (error) => isMeanetError(error, "FRAME_UNKNOWN") && error.message.includes('"frame-1" of device cam-9'),
    );
  });
});
