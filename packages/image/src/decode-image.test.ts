import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp from "sharp";
import { decodeImage, type ImageFormat } from "./decode-image.ts";

const limits = { maxBytes: 1_000_000, maxPixels: 1_000_000 };

/** An RGB picture of one colour. */
function filled(format: ImageFormat, size: number, colour: { r: number; g: number; b: number }) {
  const image = sharp({ create: { width: size, height: size, channels: 3, background: colour } });
  return image.toFormat(format, format === "webp" ? { lossless: true } : { quality: 100 }).toBuffer();
}

describe("decodeImage", () => {
  for (const format of ["jpeg", "png", "webp"] as const) {
    test(`turns a ${format} into planes, one channel after the other`, async () => {
      const bytes = await filled(format, 8, { r: 200, g: 100, b: 50 });
      const planes = await decodeImage(bytes, { format, shape: [3, 8, 8], limits });
      assert.equal(planes.length, 3 * 64);
      for (const [channel, expected] of [200, 100, 50].entries()) {
        for (const value of planes.subarray(channel * 64, (channel + 1) * 64)) {
          assert.ok(Math.abs(value - expected) <= 3, `channel ${channel} holds ${value}`);
        }
      }
    });

    test(`refuses a ${format} that was cut short`, async () => {
      const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) % 251);
      const raw = { width: 64, height: 64, channels: 3 as const };
      const bytes = await sharp(noise, { raw }).toFormat(format).toBuffer();
      await assert.rejects(
        decodeImage(bytes.subarray(0, bytes.length / 2), { format, shape: [3, 64, 64], limits }),
        {
          code: "IMAGE_UNDECODABLE",
        },
      );
    });
  }

  test("keeps every pixel of a grey PNG that has the model's size", async () => {
    const pixels = Uint8Array.from({ length: 28 * 28 }, (_, index) => index % 256);
    const bytes = await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toBuffer();
    const planes = await decodeImage(bytes, { format: "png", shape: [1, 28, 28], limits });
    assert.deepEqual(planes, pixels);
  });

  test("gives a grey picture to a colour model in all three planes", async () => {
    const pixels = Uint8Array.from({ length: 16 }, (_, index) => index * 16);
    const bytes = await sharp(pixels, { raw: { width: 4, height: 4, channels: 1 } })
      .png()
      .toBuffer();
    const planes = await decodeImage(bytes, { format: "png", shape: [3, 4, 4], limits });
    assert.deepEqual(planes, Uint8Array.from([...pixels, ...pixels, ...pixels]));
  });

  test("stretches a camera's picture to the model's size", async () => {
    const bytes = await filled("jpeg", 480, { r: 90, g: 90, b: 90 });
    const planes = await decodeImage(bytes, { format: "jpeg", shape: [1, 28, 28], limits });
    assert.equal(planes.length, 784);
    assert.ok(planes.every((value) => Math.abs(value - 90) <= 3));
  });

  test("lays a transparent picture over black", async () => {
    const background = { r: 255, g: 255, b: 255, alpha: 0 };
    const bytes = await sharp({ create: { width: 4, height: 4, channels: 4, background } })
      .png()
      .toBuffer();
    const planes = await decodeImage(bytes, { format: "png", shape: [1, 4, 4], limits });
    assert.deepEqual(planes, new Uint8Array(16));
  });

  test("reads the eight high bits of a 16-bit PNG", async () => {
    const pixels = Uint16Array.from({ length: 16 }, () => 0x8000);
    const bytes = await sharp(pixels, { raw: { width: 4, height: 4, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    assert.equal((await sharp(bytes).metadata()).depth, "ushort");
    const planes = await decodeImage(bytes, { format: "png", shape: [1, 4, 4], limits });
    assert.ok(planes.every((value) => value === 0x80));
  });

  test("refuses more bytes than allowed before it reads them", async () => {
    const bytes = new Uint8Array(101);
    await assert.rejects(
      decodeImage(bytes, { format: "png", shape: [1, 4, 4], limits: { ...limits, maxBytes: 100 } }),
      { code: "IMAGE_TOO_LARGE", message: /101 bytes, at most 100/ },
    );
  });

  test("refuses a decompression bomb by the pixels it claims", async () => {
    const bomb = await filled("png", 2000, { r: 0, g: 0, b: 0 });
    assert.ok(bomb.length < 100_000);
    await assert.rejects(decodeImage(bomb, { format: "png", shape: [1, 28, 28], limits }), {
      code: "IMAGE_TOO_LARGE",
      message: /1000000 pixels/,
    });
  });

  test("refuses a picture of very many rows: each costs time, however narrow it is", async () => {
    const tall = await sharp(Buffer.alloc(70_000), { raw: { width: 1, height: 70_000, channels: 1 } })
      .png()
      .toBuffer();
    await assert.rejects(decodeImage(tall, { format: "png", shape: [1, 28, 28], limits }), {
      code: "IMAGE_TOO_LARGE",
      message: /1 x 70000, at most 65535 pixels a side/,
    });
  });

  test("refuses what is no picture, and a picture of another format", async () => {
    const magicOnly = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
    await assert.rejects(decodeImage(magicOnly, { format: "jpeg", shape: [1, 4, 4], limits }), {
      code: "IMAGE_UNDECODABLE",
    });
    const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>`);
    await assert.rejects(decodeImage(svg, { format: "png", shape: [1, 4, 4], limits }), {
      code: "IMAGE_UNDECODABLE",
      message: /svg/,
    });
    await assert.rejects(decodeImage(new Uint8Array(), { format: "png", shape: [1, 4, 4], limits }), {
      code: "IMAGE_UNDECODABLE",
    });
  });

  test("refuses to make an image of a model with other than 1 or 3 channels", async () => {
    const bytes = await filled("png", 4, { r: 1, g: 2, b: 3 });
    await assert.rejects(decodeImage(bytes, { format: "png", shape: [2, 4, 4], limits }), {
      code: "WRONG_SIZE",
    });
  });
});
