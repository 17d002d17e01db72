import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choose } from "./choose.ts";

describe("choose", () => {
  const hardClasses = [0, 1];
  const labels = [0, 1, 2];
  // Main is right and sure where the extension is wrong: only `confidence` gets every frame right.
  const edge = [
    { p1: Float64Array.of(0.9, 0.05, 0.05), p2: Float64Array.of(0.4, 0.6) },
    { p1: Float64Array.of(0.5, 0.4, 0.1), p2: Float64Array.of(0.05, 0.95) },
    { p1: Float64Array.of(0.1, 0.1, 0.8) },
  ];

  it("takes the rule with the best accuracy on the frames given", () => {
    const choice = choose(labels, edge, hardClasses, "best");
    assert.deepEqual(choice.accuracies, { extension: 2 / 3, confidence: 1, mean: 1 });
    assert.equal(choice.decision, "confidence");
  });

  it("takes the rule wished for", () => {
    assert.equal(choose(labels, edge, hardClasses, "mean").decision, "mean");
  });

  it("puts the threshold half-way between the mean entropies of right and wrong answers of main", () => {
    // Right: frames 0 and 2, 0.394 and 0.639; wrong: frame 1, 0.943.
    assert.equal(choose(labels, edge, hardClasses, "best").threshold, 0.73);
  });
});
