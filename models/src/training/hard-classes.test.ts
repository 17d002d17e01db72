import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { classPrecision, hardestClasses } from "./hard-classes.ts";

describe("hard classes", () => {
  it("are those of lowest precision, not recall", () => {
    // Class 0: called 4 times, right 2: precision 1/2, though its recall is 1. Class 1: 2 of 2, recall 1/2. Class 2: 1 of 2.
    const labels = [0, 0, 1, 1, 1, 1, 2, 0];
    const predicted = [0, 0, 1, 1, 0, 0, 2, 2];
    const precision = classPrecision({ predicted, labels }, 3);
    assert.deepEqual(Array.from(precision), [0.5, 1, 0.5]);
    assert.deepEqual(hardestClasses(precision, 2), [0, 2]);
  });

  it("begin with a class that main never calls, and keep the lower index first at a tie", () => {
    const precision = classPrecision({ predicted: [0, 1], labels: [0, 1] }, 4);
    assert.deepEqual(hardestClasses(precision, 3), [2, 3, 0]);
  });
});
