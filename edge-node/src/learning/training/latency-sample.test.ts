import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LatencySample } from "./latency-sample.ts";

describe("the sample of latencies", () => {
  test("has the 99th of a hundred by rank, the greatest of fewer, and nothing of none", () => {
    const sample = new LatencySample();
    assert.equal(sample.p99Ms, undefined);
    for (const latencyMs of [3, 1, 2]) sample.observe(latencyMs);
    assert.equal(sample.p99Ms, 3);
    const hundred = new LatencySample();
    for (let at = 100; at > 0; at--) hundred.observe(at);
    assert.equal(hundred.p99Ms, 99);
  });

  test("keeps a bounded part of many, drawn from all of them", () => {
    // The least that a random number can be replaces the first, the greatest replaces none.
    const replacing = new LatencySample(() => 0);
    for (let at = 0; at < 1024; at++) replacing.observe(1);
    for (let at = 0; at < 5000; at++) replacing.observe(50);
    assert.equal(replacing.p99Ms, 1);
    const keeping = new LatencySample(() => 0.999_999);
    for (let at = 0; at < 1024; at++) keeping.observe(7);
    for (let at = 0; at < 5000; at++) keeping.observe(50);
    assert.equal(keeping.p99Ms, 7);
    // One in five is slow, late in the day.
    let state = 1;
    const sample = new LatencySample(() => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    });
    for (let at = 0; at < 8000; at++) sample.observe(1);
    for (let at = 0; at < 2000; at++) sample.observe(90);
    assert.equal(sample.p99Ms, 90);
  });
});
