import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp from "sharp";
import { thumbnailOf } from "./thumbnail.ts";

const limits = { maxBytes: 4_000_000, maxPixels: 4_000_000 };
const options = { maxPixels: 96, maxBytesAsItCame: 8192, limits };

/** A picture that does not compress to nothing. */
function noise(width: number, height: number) {
  let state = 1;
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state >> 16;
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

describe("thumbnailOf", () => {
  for (const format of ["jpeg", "png", "webp"] as const) {
    test(`gives a small ${format} as it came`, async () => {
      const bytes = await noise(32, 24).toFormat(format).toBuffer();
      assert.equal(await thumbnailOf({ format, bytes }, options), bytes);
    });

    test(`reduces a large ${format} to WebP within 96 pixels, its sides in proportion`, async () => {
      const bytes = await noise(640, 320).toFormat(format).toBuffer();
      const thumbnail = await thumbnailOf({ format, bytes }, options);
      const found = await sharp(thumbnail).metadata();
      assert.deepEqual([found.format, found.width, found.height], ["webp", 96, 48]);
      assert.ok(thumbnail.byteLength <= 8192, `${thumbnail.byteLength} bytes`);
    });
  }

  test("passes on no metadata: a small JPEG with EXIF is written anew, upright", async () => {
    const bytes = await noise(40, 20)
      .withExif({ IFD0: { Copyright: "somebody" }, IFD3: { GPSLatitude: "51/1 30/1 0/1" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    assert.ok(bytes.byteLength < 8192);
    const found = await sharp(await thumbnailOf({ format: "jpeg", bytes }, options)).metadata();
    assert.deepEqual([found.format, found.width, found.height], ["webp", 20, 40]);
    assert.equal(found.exif, undefined);
  });

  test("reduces a few bytes that claim many pixels, and refuses a bomb", async () => {
    const flat = (side: number) =>
      sharp({ create: { width: side, height: side, channels: 3, background: "#123456" } })
        .png({ palette: true })
        .toBuffer();
    const wide = await flat(1500);
    assert.ok(wide.byteLength < 8192);
    const found = await sharp(await thumbnailOf({ format: "png", bytes: wide }, options)).metadata();
    assert.deepEqual([found.format, found.width], ["webp", 96]);
    const bomb = { format: "png", bytes: await flat(3000) } as const;
    await assert.rejects(thumbnailOf(bomb, options), { code: "IMAGE_TOO_LARGE" });
  });

  test("keeps every pixel of a small raw frame, grey or colour", async () => {
    const grey = Uint8Array.from({ length: 28 * 28 }, (_, index) => (index * 31) % 256);
    const ofGrey = await thumbnailOf({ format: "raw", pixels: grey, shape: [1, 28, 28] }, options);
    assert.deepEqual(Uint8Array.from(await sharp(ofGrey).toColourspace("b-w").raw().toBuffer()), grey);
    const [red, green, blue] = [200, 100, 50];
    const planes = Uint8Array.from([red, red, green, green, blue, blue]);
    const ofColour = await thumbnailOf({ format: "raw", pixels: planes, shape: [3, 1, 2] }, options);
    assert.deepEqual(
      [...(await sharp(ofColour).removeAlpha().raw().toBuffer())],
      [red, green, blue, red, green, blue],
    );
  });

  test("reduces a large raw frame", async () => {
    const pixels = new Uint8Array(3 * 200 * 100).fill(90);
    const thumbnail = await thumbnailOf({ format: "raw", pixels, shape: [3, 200, 100] }, options);
    const found = await sharp(thumbnail).metadata();
    assert.deepEqual([found.width, found.height], [48, 96]);
  });

  test("refuses what is no picture", async () => {
    const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>`);
    const damaged = (await noise(200, 200).png().toBuffer()).subarray(0, 9000);
    for (const bytes of [svg, damaged, new Uint8Array()]) {
      await assert.rejects(thumbnailOf({ format: "png", bytes }, options), { code: "IMAGE_UNDECODABLE" });
    }
    const two = { format: "raw", pixels: new Uint8Array(8), shape: [2, 2, 2] } as const;
    await assert.rejects(thumbnailOf(two, options), { code: "WRONG_SIZE" });
    const large = { format: "png", bytes: new Uint8Array(5_000_000) } as const;
    await assert.rejects(thumbnailOf(large, options), { code: "IMAGE_TOO_LARGE" });
  });
});
