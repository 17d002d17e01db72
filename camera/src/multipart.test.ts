import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import fc from "fast-check";
import { MultipartReader } from "./multipart.ts";

/** As ffmpeg's format mpjpeg writes it. */
function part(picture: Uint8Array): Buffer {
  const head = `--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: ${picture.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), picture, Buffer.from("\r\n")]);
}

describe("MultipartReader", () => {
  it("gives the same pictures however their bytes are cut, whatever they hold", () => {
    const pictures = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });
    const cuts = fc.array(fc.nat(2000), { maxLength: 20 });
    fc.assert(
      fc.property(pictures, cuts, (given, at) => {
        const bytes = Buffer.concat(given.map(part));
        const places = [0, ...at.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length];
        const reader = new MultipartReader(1000);
        const read = places.slice(1).flatMap((end, index) => reader.read(bytes.subarray(places[index], end)));
        assert.deepEqual(
          read.map((picture) => [...picture]),
          given.map((picture) => [...picture]),
        );
      }),
    );
  });

  it("refuses a picture that is too large before its bytes are there", () => {
    const head = "--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: 1001\r\n\r\n";
    assert.throws(
      () => new MultipartReader(1000).read(Buffer.from(head)),
      (error) => isMeanetError(error, "CAMERA_FAILED") && /1001 bytes, at most 1000/.test(error.message),
    );
  });

  it("refuses what another program writes, and keeps none of it", () => {
    for (const text of ["GIF89a".repeat(500), "\r\n\r\n", "Content-length: many\r\n\r\n"]) {
      assert.throws(() => new MultipartReader(1000).read(Buffer.from(text)), /no length/);
    }
  });
});
