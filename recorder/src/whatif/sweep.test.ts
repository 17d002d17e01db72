import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AccuracyNear } from "./accuracy-near.ts";
import type { AnsweredFrame } from "./frame-ways.ts";
import { sweep, type WhatIfRow } from "./sweep.ts";

const MAIN_J = 1;
const EXTENSION_J = 0.5;
const J_PER_BYTE = 0.001;
const CLOUD_J = 4;
const OVERHEAD = 100;

/** A frame with everything that no recorder knows: what each exit would say. */
interface Drawn {
  readonly entropy: number;
  readonly truth: number;
  readonly hard: boolean;
  /** Main's answer; and the edge's: the extension's where main calls a hard class. */
  readonly main: number;
  readonly edge: number;
  readonly cloud: number;
  readonly bytes: number;
}

/** Frames of ten classes. The edge is the less often right the higher the entropy, the cloud always nearly as often. */
function draw(count: number, seed = 1): Drawn[] {
  let state = seed;
  const random = () => {
    // Park and Miller's minimal standard.
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const answer = (truth: number, accuracy: number) => (random() < accuracy ? truth : (truth + 1) % 10);
  return Array.from({ length: count }, () => {
    const truth = Math.floor(random() * 10);
    const entropy = random() * 2;
    const hard = random() < 0.5;
    const main = answer(truth, 0.98 - 0.3 * entropy - (hard ? 0.1 : 0));
    const edge = hard ? answer(truth, 0.93 - 0.3 * entropy) : main;
    return {
      entropy,
      truth,
      hard,
      main,
      edge,
      cloud: answer(truth, 0.95),
      bytes: 500 + Math.floor(random() * 500),
    };
  });
}

const sends = ({ entropy }: Drawn, threshold: number) => entropy > threshold;

/** What an edge node in service at this threshold would have recorded. */
function record(drawn: Drawn, threshold: number, changes: Partial<AnsweredFrame> = {}): AnsweredFrame {
  const { entropy, truth, hard, main, edge, cloud, bytes } = drawn;
  const asked = sends(drawn, threshold);
  const classIndex = asked ? cloud : edge;
  const extended = !asked && hard;
  return {
    ...{ entropy, asked, extended, byCloud: asked, label: `class ${classIndex}`, classIndex, truth },
    edgeAnswer: asked ? { label: `class ${main}`, classIndex: main, complete: !hard } : null,
    mainAnswer: extended ? { label: `class ${main}`, classIndex: main } : null,
    costOf: "edge-1 toy@1.0.0",
    edgeJ: MAIN_J + (extended ? EXTENSION_J : 0),
    extensionJ: extended ? EXTENSION_J : 0,
    uplinkJ: asked ? (bytes + OVERHEAD) * J_PER_BYTE : 0,
    cloudJ: asked ? CLOUD_J : 0,
    uplinkBytes: asked ? bytes + OVERHEAD : 0,
    frameBytes: bytes,
    ...changes,
  };
}

/** What would really have come of them at a threshold. */
function truly(frames: readonly Drawn[], threshold: number) {
  let [right, joules, bytes] = [0, 0, 0];
  for (const frame of frames) {
    const isSent = sends(frame, threshold);
    right += Number((isSent ? frame.cloud : frame.edge) === frame.truth);
    bytes += isSent ? frame.bytes + OVERHEAD : 0;
    joules += MAIN_J + (isSent ? (frame.bytes + OVERHEAD) * J_PER_BYTE : frame.hard ? EXTENSION_J : 0);
  }
  return { accuracy: right / frames.length, jPerFrame: joules / frames.length, bytes };
}

const near = (actual: number | null, expected: number, within: number) =>
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= within,
    `${actual} is not ${expected} ± ${within}`,
  );

const frames = draw(8000);
const IN_FORCE = 0.8;
const grid = [0, 0.4, IN_FORCE, 1.2, 1.6, 2];

describe("sweep", () => {
  test("gives at the threshold in force exactly what is recorded, all of it known", () => {
    const [row] = sweep(
      frames.map((frame) => record(frame, IN_FORCE)),
      [IN_FORCE],
      "labels",
    ) as [WhatIfRow];
    const real = truly(frames, IN_FORCE);
    assert.deepEqual(
      [row.coverage, row.judged, row.accuracy, row.estimatedAccuracy, row.extrapolated, row.costCoverage],
      [1, frames.length, real.accuracy, real.accuracy, 0, 1],
    );
    assert.deepEqual(
      [row.sent, row.uplinkBytes],
      [frames.filter((frame) => sends(frame, IN_FORCE)).length, real.bytes],
    );
    near(row.jPerFrame, real.jPerFrame, 1e-9);
    near(row.cloudJ, row.sent * CLOUD_J, 1e-6);
  });

  test("gives share sent, joules and bytes of other thresholds as they would have been", () => {
    const rows = sweep(
      frames.map((frame) => record(frame, IN_FORCE)),
      grid,
      "labels",
    );
    for (const [index, row] of rows.entries()) {
      const threshold = grid[index]!;
      const real = truly(frames, threshold);
      assert.equal(row.sent, frames.filter((frame) => sends(frame, threshold)).length);
      near(row.jPerFrame, real.jPerFrame, 1e-9);
      assert.equal(row.uplinkBytes, real.bytes);
    }
  });

  test("knows, of other thresholds, the answers that were given and no others", () => {
    const rows = sweep(
      frames.map((frame) => record(frame, IN_FORCE)),
      grid,
      "labels",
    );
    for (const [index, row] of rows.entries()) {
      const threshold = grid[index]!;
      // A frame that went and would have stayed: main's answer is known, where no extension would have run.
      const known = frames.filter((frame) => {
        const [was, would] = [sends(frame, IN_FORCE), sends(frame, threshold)];
        return was === would || (was && !would && !frame.hard);
      });
      const right = known.filter(
        (frame) => (sends(frame, threshold) ? frame.cloud : frame.edge) === frame.truth,
      );
      assert.equal(row.coverage, known.length / frames.length);
      assert.equal(row.judged, known.length);
      assert.equal(row.accuracy, right.length / known.length);
    }
  });

  test("estimates the accuracy of other thresholds within two points of the truth", () => {
    const rows = sweep(
      frames.map((frame) => record(frame, IN_FORCE)),
      grid,
      "labels",
    );
    for (const [index, row] of rows.entries()) {
      near(row.estimatedAccuracy, truly(frames, grid[index]!).accuracy, 0.02);
    }
    // Of a frame that stayed nobody knows what the cloud had said: all of them lie below what the cloud was asked about.
    near(rows[0]!.extrapolated, 0.4, 0.02);
    assert.equal(rows[2]!.extrapolated, 0);
  });

  test("estimates as well from a tenth of the labels", () => {
    const some = frames.map((frame, index) =>
      record(frame, IN_FORCE, index % 10 === 0 ? {} : { truth: null }),
    );
    for (const [index, row] of sweep(some, grid, "labels").entries()) {
      assert.ok(row.judged <= 800);
      near(row.estimatedAccuracy, truly(frames, grid[index]!).accuracy, 0.04);
    }
  });

  test("judges by the cloud, where it answered, when nobody gave labels", () => {
    const blind = frames.map((frame) => record(frame, IN_FORCE, { truth: null }));
    const [low, force, high] = sweep(blind, [0.4, IN_FORCE, 2], "cloud") as [WhatIfRow, WhatIfRow, WhatIfRow];
    const went = frames.filter((frame) => sends(frame, IN_FORCE));
    const agree = went.filter(({ edge, cloud, hard }) => !hard && edge === cloud).length;
    assert.deepEqual(
      [low.judged, low.accuracy, force.judged, force.accuracy],
      [went.length, 1, went.length, 1],
    );
    const judged = went.filter(({ hard }) => !hard).length;
    assert.deepEqual([high.judged, high.accuracy], [judged, agree / judged]);
    // The extension never answered a frame that the cloud did.
    assert.equal(high.estimatedAccuracy, null);
  });

  test("takes the answer of the edge that stood when the cloud was silent for its own", () => {
    const late = frames.map((frame) => {
      const edge = { label: `class ${frame.edge}`, classIndex: frame.edge, byCloud: false, edgeAnswer: null };
      const extended = frame.hard;
      return record(frame, IN_FORCE, {
        ...{ ...edge, extended, cloudJ: 0, extensionJ: extended ? EXTENSION_J : 0 },
        edgeJ: MAIN_J + (extended ? EXTENSION_J : 0),
      });
    });
    const [row] = sweep(late, [2], "labels") as [WhatIfRow];
    assert.deepEqual([row.coverage, row.accuracy, row.costCoverage], [1, truly(frames, 2).accuracy, 1]);
    near(row.jPerFrame, truly(frames, 2).jPerFrame, 1e-9);
  });

  test("says null where nothing recorded tells: no label, no upload, parts never told", () => {
    const stayed = frames.slice(0, 100).map((frame) => record(frame, 2, { truth: null, frameBytes: null }));
    const [all] = sweep(stayed, [0], "labels") as [WhatIfRow];
    assert.deepEqual(
      [
        all.accuracy,
        all.estimatedAccuracy,
        all.uplinkJ,
        all.cloudJ,
        all.jPerFrame,
        all.uplinkBytes,
        all.coverage,
      ],
      [null, null, null, null, null, null, 0],
    );
    const bare = frames.map((frame) => record(frame, IN_FORCE, { edgeAnswer: null, extensionJ: null }));
    const [edgeOnly] = sweep(bare, [2], "labels") as [WhatIfRow];
    near(edgeOnly.jPerFrame, truly(frames, 2).jPerFrame, 0.02);
    near(edgeOnly.coverage, 0.4, 0.02);
  });

  test("gives a row of zeros for no frames at all", () => {
    const [row] = sweep([], [1], "labels") as [WhatIfRow];
    assert.deepEqual([row.sent, row.sentShare, row.accuracy, row.estimatedAccuracy], [0, 0, null, null]);
  });
});

describe("AccuracyNear", () => {
  test("is the mean over the hundred judged around, and over the nearest hundred at the ends", () => {
    const samples = Array.from({ length: 1000 }, (_, index) => ({
      entropy: index,
      right: Number(index >= 500),
    }));
    const accuracy = new AccuracyNear(samples.toReversed());
    assert.deepEqual(accuracy.at(500), { accuracy: 0.5, outside: false });
    assert.deepEqual(accuracy.at(475), { accuracy: 0.25, outside: false });
    assert.deepEqual(accuracy.at(-1), { accuracy: 0, outside: true });
    assert.deepEqual(accuracy.at(5000), { accuracy: 1, outside: true });
    assert.equal(new AccuracyNear(samples.slice(0, 9)).at(1), undefined);
  });
});
