import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeFrame, readRaw } from "./frame.ts";

const limits = { maxBytes: 1_000_000, maxPixels: 1_000_000 };
const shape = [2, 1, 2] as const;

function float32(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setFloat32(index * 4, value, true);
  return bytes;
}

describe("readRaw", () => {
  test("takes bytes as planes and floats as they are", () => {
    const bytes = Uint8Array.from([0, 255, 0, 51]);
    assert.deepEqual(readRaw(bytes, shape), bytes);
    const floats = readRaw(float32([1.5, -2, 0, 1e-3]), shape);
    assert.deepEqual(floats, Float32Array.from([1.5, -2, 0, 1e-3]));
  });

  test("reads floats that do not lie on a multiple of four bytes", () => {
    const shifted = new Uint8Array(17);
    shifted.set(float32([1, 2, 3, 4]), 1);
    assert.deepEqual(readRaw(shifted.subarray(1), shape), Float32Array.from([1, 2, 3, 4]));
  });

  test("names the sizes that fit when the size is wrong", () => {
    for (const length of [0, 3, 5, 15, 17]) {
      assert.throws(() => readRaw(new Uint8Array(length), shape), {
        code: "WRONG_SIZE",
        message: /2x1x2 tensor of 4 bytes or 16 bytes/,
      });
    }
  });

  test("refuses a float that is not finite", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.throws(() => readRaw(float32([0, value, 0, 0]), shape), { code: "IMAGE_UNDECODABLE" });
    }
  });
});

describe("decodeFrame", () => {
  test("takes raw bytes that begin like a JPEG as raw when their size fits", async () => {
    const bytes = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]);
    assert.deepEqual(await decodeFrame(bytes, { format: "jpeg", shape, limits }), bytes);
  });

  test("refuses a damaged picture of any other size", async () => {
    const bytes = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 0]);
    await assert.rejects(decodeFrame(bytes, { format: "jpeg", shape: [1, 2, 2], limits }), {
      code: "IMAGE_UNDECODABLE",
    });
  });
});
