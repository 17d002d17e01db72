import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { median, percentile } from "./statistics.ts";

describe("percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it("is the nearest rank, whatever the order", () => {
    assert.deepEqual(
      [0, 1, 50, 99, 99.1, 100].map((p) => percentile(hundred, p)),
      [1, 1, 50, 99, 100, 100],
    );
  });

  it("of one value is this value", () => {
    assert.deepEqual(
      [1, 50, 99].map((p) => percentile([7], p)),
      [7, 7, 7],
    );
  });

  it("of nothing is not a number", () => {
    assert.equal(percentile([], 50), Number.NaN);
  });
});

describe("median", () => {
  it("is the middle value of an odd number", () => {
    assert.equal(median([30, 1, 2]), 2);
  });

  it("is the mean of both middle values of an even number", () => {
    assert.equal(median([30, 1, 2, 4]), 3);
  });

  it("leaves the values in their order", () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });

  it("of nothing is not a number", () => {
    assert.equal(median([]), Number.NaN);
  });
});
