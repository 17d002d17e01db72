import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Exit } from "@meanet/protocol";
import { Figures, RecentNumbers } from "./figures.ts";
import { answered, refused } from "./verdict.fixture.ts";

/** Joules of the cloud are no part of what the edge pays. */
function answer(exit: Exit, joules: { mainJ: number; extensionJ: number; uplinkJ: number }) {
  return answered({
    exit,
    energy: { ...joules, cloudJ: 100, source: "modelled:test" },
    uplinkBytes: exit === "cloud" ? 784 : 0,
  });
}

describe("figures", () => {
  it("add up: every frame is a verdict, a refusal or dropped", () => {
    const figures = new Figures();
    figures.add({
      verdict: answer("main", { mainJ: 1, extensionJ: 0, uplinkJ: 0 }),
      latencyMs: 10,
      correct: true,
    });
    figures.add({
      verdict: answer("extension", { mainJ: 1, extensionJ: 2, uplinkJ: 0 }),
      latencyMs: 30,
      correct: false,
    });
    figures.add({
      verdict: answer("cloud", { mainJ: 1, extensionJ: 0, uplinkJ: 5 }),
      latencyMs: 20,
      correct: true,
    });
    figures.add({
      verdict: answer("main", { mainJ: 1, extensionJ: 0, uplinkJ: 0 }),
      latencyMs: 40,
      correct: undefined,
    });
    figures.add({ verdict: refused(), latencyMs: 1, correct: undefined });
    figures.add({ verdict: refused({ detail: "513 frames wait" }), latencyMs: 1, correct: undefined });
    figures.addDropped();
    assert.deepEqual(figures.summary(), {
      frames: 7,
      verdicts: 4,
      refused: 2,
      refusals: { overload: { frames: 2, detail: "512 frames wait" } },
      dropped: 1,
      accuracy: 2 / 3,
      exits: { main: 2, extension: 1, cloud: 1 },
      latencyMs: { p50: 20, p99: 40 },
      energyJ: { edge: 6, uplink: 5, total: 11, perFrame: 11 / 4 },
      uplinkBytes: 784,
    });
  });

  it("say null, not zero, before anything came", () => {
    const { accuracy, latencyMs, energyJ } = new Figures().summary();
    assert.deepEqual([accuracy, latencyMs.p50, latencyMs.p99, energyJ.perFrame], [null, null, null, null]);
  });
});

describe("percentile", () => {
  it("is the value at the nearest rank", () => {
    const numbers = new RecentNumbers(1_000);
    for (let value = 100; value >= 1; value--) numbers.add(value);
    assert.deepEqual(
      [1, 50, 99, 100].map((p) => numbers.percentile(p)),
      [1, 50, 99, 100],
    );
  });

  it("forgets the oldest beyond its capacity", () => {
    const numbers = new RecentNumbers(2);
    for (const value of [1_000, 1, 2]) numbers.add(value);
    assert.equal(numbers.percentile(100), 2);
  });
});
