import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lowLight } from "@meanet/models";
import { lowLightConfigSchema } from "./config.ts";
import { planLowLight } from "./plan.ts";

const plan = (config: Readonly<Record<string, unknown>> = {}, natural = 0.5) =>
  planLowLight(lowLightConfigSchema.parse(config), natural);

describe("plan of low light", () => {
  it("streams clean frames of the data's own mix, then dark ones with more hard classes, before and after learning", () => {
    const { phases } = plan();
    assert.deepEqual(
      phases.map(({ name, hardShare, untilLearned }) => ({ name, hardShare, untilLearned })),
      [
        { name: "clean", hardShare: 0.5, untilLearned: false },
        { name: "shifted", hardShare: 0.8, untilLearned: true },
        { name: "adapted", hardShare: 0.8, untilLearned: false },
      ],
    );
    assert.deepEqual(
      phases.map(({ light }) => light),
      [lowLight(0), lowLight(0.5), lowLight(0.5)],
    );
  });

  it("tells labels in low light only, and none when the cloud alone teaches", () => {
    const shares = (config: Readonly<Record<string, unknown>>) =>
      plan(config).phases.map(({ labelShare }) => labelShare);
    assert.deepEqual(shares({ labelShare: 0.25 }), [0, 0.25, 0.25]);
    assert.deepEqual(shares({ labels: "teacher" }), [0, 0, 0]);
  });

  it("waits for fewer labels of the cloud than of people, unless told otherwise", () => {
    assert.equal(plan().items, 800);
    assert.equal(plan({ labels: "teacher" }).items, 400);
    assert.equal(plan({ labels: "teacher", items: 50 }).items, 50);
  });

  it("gives every phase frames and noise of its own", () => {
    assert.equal(new Set(plan().phases.map(({ seed }) => seed)).size, 3);
  });

  it("makes points of at most 100 frames, and of fewer where a phase is short", () => {
    assert.equal(plan({ frames: 10_000 }).windowFrames, 100);
    assert.equal(plan({ frames: 40 }).windowFrames, 5);
    assert.equal(plan({ frames: 1 }).windowFrames, 1);
  });
});
