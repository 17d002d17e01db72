import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decisionRules } from "../routing.ts";
import { curvePoint, curveThresholds } from "./curve.ts";
import { type Evaluation, figures } from "./evaluate.ts";
import { ruleAccuracies, ruleNames } from "./rules.ts";
import { accuracyOf, entropyMeans, scoreFrames } from "./score.ts";
import { evaluateTable } from "./table.ts";

const costs = { mainJ: 1, extensionJ: 10, uploadJ: 100, frameBytes: 8 };

/** Four frames of three classes, the hard ones 2 and 0. */
const scored = scoreFrames({
  labels: [0, 1, 2, 0],
  edge: [
    { p1: Float64Array.of(0.9, 0.05, 0.05), p2: Float64Array.of(0.2, 0.8) }, // H 0.394: hard, right at both
    { p1: Float64Array.of(0.1, 0.8, 0.1) }, // H 0.639: easy, right
    { p1: Float64Array.of(0.5, 0.2, 0.3), p2: Float64Array.of(0.9, 0.1) }, // H 1.030: hard, wrong at main, right at the extension
    { p1: Float64Array.of(0.3, 0.4, 0.3) }, // H 1.089: called easy, wrong
  ],
  cloud: [
    [3, 0, 0],
    [0, 0, 3],
    [0, 3, 0],
    [3, 0, 0],
  ], // right, wrong, wrong, right
  rule: "extension",
  hardClasses: [2, 0],
});

const manifest = {
  name: "trial",
  version: "1.0.0",
  classes: ["a", "b", "c"],
  threshold: 0.7,
  input: { kind: "image", shape: [1, 2, 2], mean: [0], std: [1] },
  blocks: {
    main: { parameters: 1, macs: 1000 },
    adaptive: { parameters: 1, macs: 2000 },
    extension: { parameters: 1, macs: 3000 },
    cloud: { parameters: 1, macs: 9000 },
  },
} as const;

describe("figures", () => {
  const result = figures(manifest, scored, {});

  it("are those counted by hand", () => {
    assert.deepEqual(result.main, { accuracy: 0.5, hard: 1 / 3, easy: 1 });
    assert.deepEqual(result.edge, { accuracy: 0.75, hard: 2 / 3, easy: 1 });
    assert.equal(result.cloud?.accuracy, 0.5);
    assert.equal(result.detection, 0.75);
    assert.deepEqual(result.exits, { main: 0.5, extension: 0.5 });
    assert.equal(result.extensionRuns, 0.5);
    assert.deepEqual(result.calls, { hard: 1, easy: 0.5 });
    assert.deepEqual(result.mainErrors, { easyToHard: 0, hardToEasy: 0.25, easyToEasy: 0, hardToHard: 0.25 });
  });

  it("tell who answers at the bundle's threshold, and how well", () => {
    // The last two are sent: the cloud is wrong on the first of them, right on the other.
    assert.deepEqual(result.offloaded, {
      accuracy: 0.75,
      hard: 2 / 3,
      easy: 1,
      exits: { main: 0.25, extension: 0.25, cloud: 0.5 },
    });
    assert.equal(result.offloaded?.accuracy, result.curve.find(({ T }) => T === 0.7)?.accuracy);
  });

  it("give mean entropies of main's right and wrong answers", () => {
    const { correct, wrong } = entropyMeans(scored);
    assert.ok(Math.abs(correct - (0.3944 + 0.639) / 2) < 1e-3, `${correct}`);
    assert.ok(Math.abs(wrong - (1.0297 + 1.0889) / 2) < 1e-3, `${wrong}`);
  });

  it("hold a curve from all sent to none, with the bundle's own threshold in it", () => {
    const first = result.curve[0]!;
    const last = result.curve.at(-1)!;
    assert.deepEqual([first.T, first.sent, first.accuracy], [0, 1, result.cloud?.accuracy]);
    assert.deepEqual([last.T, last.sent, last.accuracy], [Math.log(3), 0, result.edge.accuracy]);
    assert.equal(last.uplinkBytes, 0);
    assert.ok(result.curve.some((point) => point.T === 0.7));
    assert.deepEqual(
      result.curve.map((point) => point.T),
      curveThresholds(3, 0.7),
    );
  });

  it("leave the cloud out when the bundle has none", () => {
    const edgeOnly = figures(
      manifest,
      scored.map((frame) => ({ ...frame, cloudClass: undefined })),
      {},
    );
    assert.equal(edgeOnly.cloud, undefined);
    assert.equal(edgeOnly.offloaded, undefined);
    assert.deepEqual(edgeOnly.curve, []);
  });

  it("say in the table that main is never wrong, or never right, where there is no mean to tell", () => {
    const line = (accuracy: number) =>
      evaluateTable({ data: "trial", split: "test", ...result, main: { ...result.main, accuracy } })
        .split("\n")
        .find((text) => text.startsWith("Mean entropy"));
    assert.match(line(1)!, /nats, it is never wrong; the bundle's T/);
    assert.match(line(0)!, /nats, it is never right; the bundle's T/);
    assert.match(line(0.5)!, /0\.517 nats when right, 1\.059 when wrong/);
  });

  it("make a table whose rows are equally wide", () => {
    const full: Evaluation = { data: "trial", split: "test", ...result };
    const widths = new Set<number>();
    let head = "";
    for (const line of evaluateTable(full).split("\n")) {
      if (!line.startsWith("|")) {
        head = "";
        continue;
      }
      if (head === "") head = line;
      assert.equal(line.length, head.length);
      widths.add(line.length);
    }
    assert.equal(widths.size, 2);
    assert.match(evaluateTable(full), /0\.700 \*/);
  });
});

describe("an evaluation's table", () => {
  const full: Evaluation = { data: "trial", split: "test", ...figures(manifest, scored, {}) };

  it("names the edge's accuracy by every rule that was asked", () => {
    const text = evaluateTable({ ...full, rules: { extension: 0.75, "mean-calibrated": 0.5 } });
    assert.match(text, /by decision rule: extension 75\.00 %, mean-calibrated 50\.00 %\./);
    assert.doesNotMatch(evaluateTable(full), /by decision rule/);
  });

  it("gives no accuracy of easy classes where there are none", () => {
    const text = evaluateTable({ ...full, detection: 1, extensionRuns: 1 });
    assert.match(text, /^\| main alone .* - \|$/m);
  });
});

describe("ruleAccuracies", () => {
  const labels = [0, 1];
  const edge = [
    { p1: Float64Array.of(0.5, 0.2, 0.3), p2: Float64Array.of(0.3, 0.7) },
    { p1: Float64Array.of(0.1, 0.8, 0.1) },
  ];

  it("knows the rules that need no fit without one, and every rule with one", () => {
    const accuracies = ruleAccuracies(labels, edge, [2, 0], undefined);
    assert.deepEqual(accuracies, { extension: 1, confidence: 1, mean: 1 });
    const fit = {
      temperatures: { main: 1, extension: 1 },
      fusionWeight: 0.5,
      calibratedFusionWeight: 0.5,
      productWeight: 0.5,
      calibratedProductWeight: 0.5,
    };
    assert.deepEqual(Object.keys(ruleAccuracies(labels, edge, [2, 0], fit)), [...ruleNames]);
  });
});

describe("curvePoint", () => {
  it("charges main always, the extension when it runs, the upload when a frame is sent", () => {
    // T 0.7 sends the last two: the extension runs for the first only.
    assert.deepEqual(curvePoint(scored, 0.7, costs), {
      T: 0.7,
      sent: 0.5,
      accuracy: 0.75,
      energyJ: 1 + 10 / 4 + 100 / 2,
      uplinkBytes: 4,
    });
  });

  it("never sends more at a higher threshold", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        (a, b) => {
          const low = curvePoint(scored, Math.min(a, b), costs);
          const high = curvePoint(scored, Math.max(a, b), costs);
          assert.ok(high.sent <= low.sent && high.uplinkBytes <= low.uplinkBytes);
        },
      ),
    );
  });
});

describe("scoreFrames", () => {
  it("keeps overall accuracy the weighted mean of hard and easy, whatever the rule", () => {
    for (const rule of decisionRules) {
      const frames = scoreFrames({
        labels: [0, 1, 2],
        edge: [
          { p1: Float64Array.of(0.6, 0.3, 0.1), p2: Float64Array.of(0.45, 0.55) },
          { p1: Float64Array.of(0.1, 0.8, 0.1) },
          { p1: Float64Array.of(0.2, 0.2, 0.6), p2: Float64Array.of(0.3, 0.7) },
        ],
        rule,
        hardClasses: [2, 0],
      });
      const { accuracy, hard, easy } = accuracyOf(frames, "edgeClass");
      assert.ok(Math.abs(accuracy - (2 * hard + easy) / 3) < 1e-12);
    }
  });
});
