import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeImage } from "@meanet/image";
import { encodePng } from "./png.ts";

const limits = { maxBytes: 100_000, maxPixels: 100_000 };

describe("png", () => {
  for (const shape of [
    [1, 28, 28],
    [3, 5, 7],
  ] as const) {
    it(`of shape ${shape.join("x")} comes back from an independent decoder byte by byte`, async () => {
      const [channels, height, width] = shape;
      const planes = Uint8Array.from(
        { length: channels * height * width },
        (_, index) => (index * 37 + 11) % 256,
      );
      const decoded = await decodeImage(encodePng(planes, shape), { format: "png", shape, limits });
      assert.deepEqual(Buffer.from(decoded), Buffer.from(planes));
    });
  }
});
