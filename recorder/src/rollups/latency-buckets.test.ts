import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bucketOf, latencyBoundsMs, latencyBuckets, percentileMs } from "./latency-buckets.ts";

function countsOf(values: readonly number[]): number[] {
  const counts = latencyBuckets.map(() => 0);
  for (const value of values) counts[bucketOf(value)]! += 1;
  return counts;
}

describe("latency buckets", () => {
  test("have rising bounds, neighbours at most 28 % apart, and names of their own", () => {
    for (const [index, bound] of latencyBoundsMs.entries()) {
      const before = latencyBoundsMs[index - 1];
      if (before !== undefined)
        assert.ok(bound > before && bound / before <= 1.28 + 1e-9, `${before}, ${bound}`);
    }
    assert.deepEqual([latencyBoundsMs.at(0), latencyBoundsMs.at(-1)], [0.1, 10_000]);
    assert.equal(new Set(latencyBuckets).size, latencyBoundsMs.length + 1);
    for (const name of latencyBuckets) assert.match(name, /^(under|over)_\d+(_\d+)?_ms$/);
  });

  test("take a latency below their bound, and leave the bound itself to the next one", () => {
    const nameOf = (latencyMs: number) => latencyBuckets[bucketOf(latencyMs)];
    assert.deepEqual([0, 0.0999, 0.1, 12.4999, 12.5, 9999, 10_000, 1e9].map(nameOf), [
      ...["under_0_1_ms", "under_0_1_ms", "under_0_125_ms", "under_12_5_ms"],
      ...["under_16_ms", "under_10000_ms", "over_10000_ms", "over_10000_ms"],
    ]);
  });
});

describe("percentile out of buckets", () => {
  test("differs from the exact one by less than the width of a bucket", () => {
    // Spread over six decades, the same in every run.
    const values = Array.from({ length: 5000 }, (_, index) => 0.05 * 10 ** (((index * 7919) % 5000) / 900));
    const sorted = values.toSorted((a, b) => a - b);
    const maxMs = sorted.at(-1)!;
    for (const percent of [1, 5, 25, 50, 90, 95, 99]) {
      const exact = sorted[Math.floor((values.length * percent) / 100 + 0.5) - 1]!;
      if (exact < 0.1) continue;
      const estimated = percentileMs(countsOf(values), percent, maxMs)!;
      const inRange =
        exact < 10_000 ? estimated / exact < 1.28 && exact / estimated < 1.28 : estimated <= maxMs;
      assert.ok(inRange, `p${percent}: ${estimated}, exact ${exact}`);
    }
    assert.ok(Math.abs(percentileMs(countsOf(values), 100, maxMs)! - maxMs) < 1e-6 * maxMs);
  });

  test("of counts that were added is that of all values together", () => {
    const [a, b] = [
      [1, 2, 3, 4],
      [30, 40, 50, 60, 70],
    ] as const;
    const added = countsOf(a).map((count, bucket) => count + countsOf(b)[bucket]!);
    assert.equal(percentileMs(added, 50, 70), percentileMs(countsOf([...a, ...b]), 50, 70));
  });

  test("is the value itself when all are alike at the largest, 0 for zeros, null for none", () => {
    assert.equal(percentileMs(countsOf([20_000]), 50, 20_000), 20_000);
    assert.equal(percentileMs(countsOf([0, 0]), 50, 0), 0);
    assert.equal(percentileMs(countsOf([]), 50, 0), null);
    assert.equal(percentileMs(countsOf([7]), 1, 7), null);
  });
});
