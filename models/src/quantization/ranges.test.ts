import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomAt } from "../training/random.ts";
import { BINS, type Histogram, rangeOf } from "./ranges.ts";

function histogramOf(values: readonly number[]): Histogram {
  const [min, max] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [0, 0],
  );
  const counts = new Float64Array(BINS);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor(((value - min) / (max - min)) * BINS))]!++;
  return { min, max, counts };
}

/** Absolute values of a bell curve: what a rectifier leaves, without its zeros. */
function bell(count: number): number[] {
  const random = randomAt(3);
  return Array.from({ length: count }, () =>
    Math.abs(Array.from({ length: 12 }, () => random.next()).reduce((sum, value) => sum + value, -6)),
  );
}

describe("the range of a tensor", () => {
  it("is all that was seen by min-max", () => {
    const { min, max } = rangeOf(histogramOf([-1, 0, 3]), "min-max");
    assert.deepEqual([min, max], [-1, 3]);
  });

  it("leaves the outermost share out on each side by percentile", () => {
    const values = Array.from({ length: 10_000 }, (_, index) => index / 10_000);
    const wide = rangeOf(histogramOf([...values, 50, -50]), "percentile-99.9");
    assert.ok(
      wide.min > -0.1 && wide.min <= 0.001 && wide.max >= 0.999 && wide.max < 1.1,
      JSON.stringify(wide),
    );
    const kept = rangeOf(histogramOf(values), "percentile-99.99");
    assert.ok(kept.min < 0.001 && kept.max > 0.999, JSON.stringify(kept));
  });

  it("cuts a lone outlier off by entropy, and keeps the bulk", () => {
    const values = [...bell(20_000), 12];
    const { min, max } = rangeOf(histogramOf(values), "entropy");
    assert.ok(min < 0.01, `${min}`);
    assert.ok(max > 2.5 && max < 9, `${max}`);
  });

  it("does not let the zeros of a rectifier narrow it by entropy", () => {
    const values = bell(20_000);
    const without = rangeOf(histogramOf(values), "entropy").max;
    const withZeros = rangeOf(histogramOf([...Array<number>(200_000).fill(0), ...values]), "entropy").max;
    assert.equal(withZeros, without);
  });

  it("is a point where there is only one value", () => {
    for (const method of ["min-max", "percentile-99.9", "entropy"] as const) {
      const { min, max } = rangeOf({ min: 2, max: 2, counts: new Float64Array(BINS) }, method);
      assert.deepEqual([min, max], [2, 2]);
    }
  });
});
