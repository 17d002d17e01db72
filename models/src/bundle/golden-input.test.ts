import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawnInput } from "./golden-input.ts";

const image = { kind: "image", shape: [3, 8, 6], mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] } as const;
const window = { kind: "window", shape: [2, 500], mean: [9.8, 0], std: [0.1, 3], rateHz: 50 } as const;

describe("drawnInput", () => {
  it("draws images of whole bytes, over their whole range", () => {
    const { data, dims } = drawnInput(image, 1);
    assert.deepEqual([dims, data.length], [[4, 3, 8, 6], 4 * 3 * 8 * 6]);
    const bytes = Array.from(data, Number).map((value, at) => {
      const channel = Math.floor(at / 48) % 3;
      return 255 * (value * image.std[channel]! + image.mean[channel]!);
    });
    assert.ok(bytes.every((byte) => Math.abs(byte - Math.round(byte)) < 1e-3));
    assert.ok(Math.min(...bytes) < 10 && Math.max(...bytes) > 245);
  });

  it("draws windows that are normal noise once normalised, in each channel", () => {
    const { data, dims } = drawnInput(window, 1);
    assert.deepEqual(dims, [4, 2, 1, 500]);
    for (const channel of [0, 1]) {
      const own = Array.from(data, Number).filter((_, at) => Math.floor(at / 500) % 2 === channel);
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      const square = own.reduce((sum, value) => sum + value ** 2, 0) / own.length;
      assert.ok(Math.abs(mean) < 0.1 && Math.abs(square - 1) < 0.15, `${mean}, ${square}`);
    }
  });

  it("draws the same of the same seed, and others of another", () => {
    assert.deepEqual(drawnInput(window, 1), drawnInput(window, 1));
    assert.notDeepEqual(drawnInput(window, 1), drawnInput(window, 2));
  });
});
