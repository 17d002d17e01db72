import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeFrame, readRaw, toTensor } from "./tensor.ts";

const limits = { maxBytes: 1_000_000, maxPixels: 1_000_000 };
const input = { shape: [2, 1, 2], mean: [0.5, 0.25], std: [0.5, 0.125] } as const;

function float32(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setFloat32(index * 4, value, true);
  return bytes;
}

describe("toTensor", () => {
  test("normalises each channel by its own mean and deviation", () => {
    const tensor = toTensor(Uint8Array.from([0, 255, 0, 51]), input);
    const expected = [(0 - 0.5) / 0.5, (1 - 0.5) / 0.5, (0 - 0.25) / 0.125, (0.2 - 0.25) / 0.125];
    for (const [index, value] of expected.entries()) assert.ok(Math.abs(tensor[index]! - value) < 1e-6);
  });
});

describe("readRaw", () => {
  test("normalises bytes and takes floats as they are", () => {
    const bytes = Uint8Array.from([0, 255, 0, 51]);
    assert.deepEqual(readRaw(bytes, input), toTensor(bytes, input));
    assert.deepEqual(
      readRaw(float32([1.5, -2, 0, 1e-3]), input),
      Float32Array.from([1.5, -2, 0, Math.fround(1e-3)]),
    );
  });

  test("reads floats that do not lie on a multiple of four bytes", () => {
    const shifted = new Uint8Array(17);
    shifted.set(float32([1, 2, 3, 4]), 1);
    assert.deepEqual(readRaw(shifted.subarray(1), input), Float32Array.from([1, 2, 3, 4]));
  });

  test("names the sizes that fit when the size is wrong", () => {
    for (const length of [0, 3, 5, 15, 17]) {
      assert.throws(() => readRaw(new Uint8Array(length), input), {
        code: "WRONG_SIZE",
        message: /2x1x2 tensor of 4 bytes or 16 bytes/,
      });
    }
  });

  test("refuses a float that is not finite", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.throws(() => readRaw(float32([0, value, 0, 0]), input), { code: "IMAGE_UNDECODABLE" });
    }
  });
});

describe("decodeFrame", () => {
  test("takes raw bytes that begin like a JPEG as raw when their size fits", async () => {
    const bytes = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]);
    assert.deepEqual(await decodeFrame(bytes, { format: "jpeg", input, limits }), toTensor(bytes, input));
  });

  test("refuses a damaged picture of any other size", async () => {
    const grey = { shape: [1, 2, 2], mean: [0], std: [1] } as const;
    const bytes = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 0]);
    await assert.rejects(decodeFrame(bytes, { format: "jpeg", input: grey, limits }), {
      code: "IMAGE_UNDECODABLE",
    });
  });
});
