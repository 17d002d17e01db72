import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeOutline, MAX_THUMBNAIL_BYTES, thumbnailType } from "./thumbnail.ts";

const jpeg = [0xff, 0xd8, 0xff, 0xe0];
const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const webp = Buffer.from("RIFF....WEBPVP8 ", "latin1");

describe("thumbnailType", () => {
  test("goes by the first bytes", () => {
    assert.equal(thumbnailType(Uint8Array.from(jpeg)), "image/jpeg");
    assert.equal(thumbnailType(Uint8Array.from(png)), "image/png");
    assert.equal(thumbnailType(webp), "image/webp");
    assert.equal(thumbnailType(Buffer.from("[[1,2],[3,-4.5e-3]]")), "application/json");
  });

  test("knows nothing that a browser would run, and nothing else", () => {
    for (const hostile of [
      "",
      "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
      "<!doctype html><script>alert(1)</script>",
      " GIF89a",
      '[["<script>"]]',
      '[[1,"2"]]',
      "[[1],[2,3]]",
      "[[]]",
      "[[1e400]]",
      "[[1]] <script>",
      "[".repeat(60_000),
    ]) {
      assert.equal(thumbnailType(Buffer.from(hostile)), undefined, hostile.slice(0, 40));
    }
  });

  test("knows nothing that is too large, whatever it begins with", () => {
    const large = new Uint8Array(MAX_THUMBNAIL_BYTES + 1);
    large.set(jpeg);
    assert.equal(thumbnailType(large), undefined);
    assert.equal(thumbnailType(large.subarray(1)), undefined);
    assert.equal(thumbnailType(large.subarray(0, MAX_THUMBNAIL_BYTES)), "image/jpeg");
  });
});

describe("encodeOutline", () => {
  const rowsOf = (payload: Uint8Array | undefined) =>
    JSON.parse(Buffer.from(payload!).toString()) as number[][];

  test("keeps a short window reading by reading, with four digits", () => {
    const readings = Float32Array.from([1, 2, 3, 0.123456, -5000.4, 1e-7]);
    assert.deepEqual(rowsOf(encodeOutline(readings, [2, 3])), [
      [1, 2, 3],
      [0.1235, -5000, 1e-7],
    ]);
  });

  test("thins a long one out to means, every reading in one of them", () => {
    const readings = Float32Array.from({ length: 10 }, (_, index) => index);
    assert.deepEqual(rowsOf(encodeOutline(readings, [1, 10], 4)), [[0.5, 3, 5.5, 8]]);
  });

  test("is a thumbnail by its own rules, at its largest too", () => {
    const readings = Float32Array.from({ length: 32 * 1000 }, (_, index) => -Math.PI * 1e-30 * index);
    const payload = encodeOutline(readings, [32, 1000]);
    assert.ok(payload !== undefined && payload.byteLength < MAX_THUMBNAIL_BYTES);
    assert.equal(thumbnailType(payload), "application/json");
    assert.equal(encodeOutline(new Float32Array(33), [33, 1]), undefined);
  });
});
