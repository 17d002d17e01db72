import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { formatIdx, pack, parseIdx, unpack } from "./idx.ts";

const array = { dims: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
const corrupt = (error: unknown) => isMeanetError(error, "DATASET_CORRUPT");

describe("IDX", () => {
  it("reads the header of the official format, byte by byte", () => {
    const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);
    assert.deepEqual(parseIdx(bytes, "labels"), { dims: [2], data: Uint8Array.of(7, 9) });
  });

  it("reads back what it wrote, through gzip", async () => {
    const packed = await pack(formatIdx(array));
    assert.deepEqual(parseIdx(await unpack(packed, "x"), "x"), {
      dims: array.dims,
      data: Buffer.from(array.data),
    });
  });

  it("refuses a file cut off in its data, in its header, and one with bytes to spare", () => {
    const bytes = formatIdx(array);
    assert.throws(() => parseIdx(bytes.subarray(0, -1), "x"), corrupt);
    assert.throws(() => parseIdx(bytes.subarray(0, 9), "x"), corrupt);
    assert.throws(() => parseIdx(Uint8Array.of(...bytes, 0), "x"), corrupt);
    assert.throws(() => parseIdx(new Uint8Array(), "x"), corrupt);
  });

  it("refuses another magic number or element type", () => {
    for (const position of [0, 2]) {
      const bytes = formatIdx(array);
      bytes[position] = 0x0d;
      assert.throws(() => parseIdx(bytes, "x"), corrupt);
    }
  });

  it("refuses a gzip stream with a flipped byte or cut off, naming the file", async () => {
    const packed = await pack(formatIdx(array));
    const flipped = Uint8Array.from(packed);
    flipped[flipped.length - 5]! ^= 1;
    for (const bytes of [flipped, packed.subarray(0, -9)]) {
      await assert.rejects(unpack(bytes, "labels.gz"), (error) => {
        assert.ok(corrupt(error));
        assert.match((error as Error).message, /labels\.gz/);
        return true;
      });
    }
  });
});
