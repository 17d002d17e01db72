import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { affineOf, dequantize, quantize, quantizeWeights } from "./affine.ts";

describe("bytes of activations", () => {
  it("are those of a reference written from ONNX's definition", () => {
    const form = { scale: 0.5, zeroPoint: 10 };
    // Halves go to the even neighbour, and what lies outside goes to the nearest end.
    assert.deepEqual(
      [...quantize([0, 0.25, 0.75, -0.25, 1.24, -5, -5.3, 122.5, 200], form)],
      [10, 10, 12, 10, 12, 0, 0, 255, 255],
    );
    assert.deepEqual([...dequantize([0, 10, 11, 255], form)], [-5, 0, 0.5, 122.5]);
  });

  it("keep every value of the range to half a step, and zero exactly", () => {
    const real = fc.double({ min: -1000, max: 1000, noNaN: true });
    fc.assert(
      fc.property(real, real, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, at) => {
        fc.pre(Math.abs(a - b) > 1e-3);
        const [min, max] = [Math.min(0, a, b), Math.max(0, a, b)];
        const form = affineOf({ min: Math.min(a, b), max: Math.max(a, b) });
        const value = min + at * (max - min);
        const [back] = dequantize(quantize([value], form), form);
        // The zero point is rounded too: an end of the range may lie half a step outside.
        assert.ok(Math.abs(back! - value) <= form.scale * 1.001, `${value} → ${back}, scale ${form.scale}`);
        assert.equal(dequantize(quantize([0], form), form)[0], 0);
      }),
    );
  });

  it("start at 0 for what a rectifier gives, so that they rectify by themselves", () => {
    assert.deepEqual(affineOf({ min: 0, max: 25.5 }), { scale: Math.fround(0.1), zeroPoint: 0 });
    assert.deepEqual(affineOf({ min: 3, max: 25.5 }).zeroPoint, 0);
    assert.deepEqual(affineOf({ min: 0, max: 0 }), { scale: 1, zeroPoint: 0 });
  });
});

describe("bytes of weights", () => {
  it("have a scale of their own for each output channel, the greatest weight at 127", () => {
    const weights = Float32Array.of(1, -0.5, 0.25, 0.01, 0.03, -0.04);
    const { values, scales } = quantizeWeights(weights, 2, undefined, 1);
    assert.deepEqual([...values], [127, -64, 32, 32, 95, -127]);
    assert.deepEqual([...scales], [Math.fround(1 / 127), Math.fround(Math.fround(0.04) / 127)]);
  });

  it("give biases in the scale of the products", () => {
    const { scales, bias } = quantizeWeights(Float32Array.of(1.27, 2.54), 2, Float32Array.of(3, -3), 0.1);
    assert.deepEqual([...bias], [3000, -1500]);
    assert.ok(Math.abs(bias[0]! * scales[0]! * 0.1 - 3) < 1e-3);
  });

  it("never overflow a bias beside a channel of next to nothing", () => {
    const { values, scales, bias } = quantizeWeights(
      Float32Array.of(1e-20, 0),
      2,
      Float32Array.of(5, 0),
      0.01,
    );
    assert.equal(bias[0], 2 ** 30);
    assert.ok(Math.abs(bias[0]! * scales[0]! * 0.01 - 5) < 1e-5);
    assert.deepEqual([...values], [0, 0]);
    assert.equal(scales[1], 1);
  });
});
