import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { imageFormat } from "./image-format.ts";

test("tells JPEG, PNG and WebP by their first bytes, whatever follows", () => {
  const heads = {
    jpeg: Buffer.from("ffd8ffe0", "hex"),
    png: Buffer.from("89504e470d0a1a0a", "hex"),
    webp: Buffer.from("RIFF\x10\x00\x00\x00WEBP", "latin1"),
  };
  fc.assert(
    fc.property(
      fc.constantFrom("jpeg" as const, "png" as const, "webp" as const),
      fc.uint8Array(),
      (format, rest) => {
        assert.equal(imageFormat(Buffer.concat([heads[format], rest])), format);
        assert.equal(imageFormat(heads[format].subarray(0, -1)) === format, format === "jpeg");
      },
    ),
  );
});

test("tells nothing of anything else", () => {
  assert.equal(imageFormat(new Uint8Array(0)), undefined);
  assert.equal(imageFormat(new Uint8Array(784)), undefined);
  assert.equal(imageFormat(Buffer.from("RIFF....WAVE")), undefined);
});
