import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomAt } from "./random.ts";
import { augmentWindow, windowAugmentationSchema } from "./window-augmentation.ts";

const input = { kind: "window", shape: [2, 4], mean: [0, 0], std: [1, 1], rateHz: 50 } as const;

function augmented(settings: object, seed: number): number[] {
  const tensor = Float32Array.of(1, 2, 3, 4, 10, 20, 30, 40);
  augmentWindow(
    tensor,
    input,
    windowAugmentationSchema.parse({ kind: "window", ...settings }),
    randomAt(seed),
  );
  return [...tensor];
}

describe("augmentWindow", () => {
  it("leaves a window as it is when everything is off", () => {
    assert.deepEqual(augmented({}, 1), [1, 2, 3, 4, 10, 20, 30, 40]);
  });

  it("moves all channels alike in time, by every number up to `shift`, and fills with the reading at the edge", () => {
    const seen = new Set(Array.from({ length: 100 }, (_, seed) => augmented({ shift: 1 }, seed).join()));
    assert.deepEqual([...seen].sort(), ["1,1,2,3,10,10,20,30", "1,2,3,4,10,20,30,40", "2,3,4,4,20,30,40,40"]);
  });

  it("multiplies a window by one factor within the scale", () => {
    for (let seed = 0; seed < 50; seed++) {
      const window = augmented({ scale: 0.2 }, seed);
      const factor = window[0]!;
      assert.ok(factor >= 0.8 && factor <= 1.2, `${factor}`);
      for (const [at, value] of [1, 2, 3, 4, 10, 20, 30, 40].entries()) {
        assert.ok(Math.abs(window[at]! - factor * value) < 1e-5);
      }
    }
  });

  it("adds noise of its own to each reading, no more than asked", () => {
    const added = augmented({ noise: 0.5 }, 3).map((value, at) => value - [1, 2, 3, 4, 10, 20, 30, 40][at]!);
    assert.ok(added.every((value) => Math.abs(value) <= 0.5));
    assert.equal(new Set(added).size, 8);
  });

  it("turns every sensor alike: the raw length of each reading and the angle between sensors stay", () => {
    const sensors = {
      kind: "window",
      shape: [6, 1],
      mean: [1, 0, 2, 0, 0, 1],
      std: [0.5, 1, 2, 1, 3, 1],
      rateHz: 50,
    } as const;
    const raw = [0.3, -0.4, 0.9, -1, 0.2, 0.5];
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, at) => sum + v * b[at]!, 0);
    for (let seed = 0; seed < 40; seed++) {
      const tensor = Float32Array.from(raw, (value, at) => (value - sensors.mean[at]!) / sensors.std[at]!);
      augmentWindow(
        tensor,
        sensors,
        windowAugmentationSchema.parse({ kind: "window", turn: 30 }),
        randomAt(seed),
      );
      const turned = Array.from(tensor, (value, at) => value * sensors.std[at]! + sensors.mean[at]!);
      const [first, second] = [turned.slice(0, 3), turned.slice(3)];
      const [a, b] = [raw.slice(0, 3), raw.slice(3)];
      assert.ok(Math.abs(dot(first, first) - dot(a, a)) < 1e-5);
      assert.ok(Math.abs(dot(first, second) - dot(a, b)) < 1e-5);
      // No reading turns further than the sensor does.
      assert.ok(dot(first, a) / dot(a, a) >= Math.cos(Math.PI / 6) - 1e-5);
      assert.ok(dot(first, a) / dot(a, a) < 1 - 1e-9);
    }
  });

  it("draws the same for the same seed and place", () => {
    const all = { scale: 0.1, noise: 0.1, shift: 2 };
    assert.deepEqual(augmented(all, 9), augmented(all, 9));
  });
});
