import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ruleNames } from "../evaluation/rules.ts";
import { choose } from "./choose.ts";

describe("choose", () => {
  const hardClasses = [0, 1];
  const labels = [0, 1, 2];
  // Main is right and sure where the extension is wrong: `confidence` gets every frame right, `extension` does not.
  const edge = [
    { p1: Float64Array.of(0.9, 0.05, 0.05), p2: Float64Array.of(0.4, 0.6) },
    { p1: Float64Array.of(0.5, 0.4, 0.1), p2: Float64Array.of(0.05, 0.95) },
    { p1: Float64Array.of(0.1, 0.1, 0.8) },
  ];

  it("takes the rule with the best accuracy on the frames given, the paper's before ours at a tie", () => {
    const choice = choose(labels, edge, hardClasses, "best");
    assert.deepEqual(Object.keys(choice.accuracies), [...ruleNames]);
    const { extension, confidence, mean, fusion } = choice.accuracies;
    assert.deepEqual([extension, confidence, mean, fusion], [2 / 3, 1, 1, 1]);
    assert.deepEqual(choice.settings, { rule: "confidence", hardClasses });
  });

  it("takes the rule wished for, with what was fitted for it and nothing else", () => {
    assert.deepEqual(choose(labels, edge, hardClasses, "mean").settings, { rule: "mean", hardClasses });
    const { settings, fit } = choose(labels, edge, hardClasses, "fusion-calibrated");
    assert.deepEqual(settings, {
      rule: "fusion",
      hardClasses,
      fusionWeight: fit.calibratedFusionWeight,
      temperatures: fit.temperatures,
    });
  });

  it("fits w of `fusion` and `product`, and keeps the paper's rule where ours is no better", () => {
    // Main is wrong and sure in the first frame: with half of the say it would win.
    const frames = [
      { p1: Float64Array.of(0.9, 0.05, 0.05), p2: Float64Array.of(0.2, 0.8) },
      { p1: Float64Array.of(0.7, 0.2, 0.1), p2: Float64Array.of(0.6, 0.4) },
    ];
    const { settings, accuracies } = choose([1, 0], frames, hardClasses, "best");
    assert.deepEqual([accuracies.extension, accuracies.mean, accuracies.fusion], [1, 0.5, 1]);
    assert.equal(settings.rule, "extension");
    assert.equal(choose([1, 0], frames, hardClasses, "fusion").settings.fusionWeight, 0.6);
    // 0.9^(1−w)·0.2^w falls below 0.05^(1−w)·0.8^w from w = 0.68.
    assert.equal(choose([1, 0], frames, hardClasses, "product").settings.fusionWeight, 0.7);
  });

  it("puts the threshold half-way between the mean entropies of right and wrong answers of main", () => {
    // Right: frames 0 and 2, 0.394 and 0.639; wrong: frame 1, 0.943.
    assert.equal(choose(labels, edge, hardClasses, "best").threshold, 0.73);
  });

  it("sends none of the frames where main is never wrong, and only what is less certain than they", () => {
    // Entropies 0.394, 0.943 and 0.639: half of their mean would send two frames of three to the cloud.
    assert.equal(choose([0, 0, 2], edge, hardClasses, "best").threshold, 0.944);
  });
});
