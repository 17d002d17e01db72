import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { augmentInto, imageAugmentationSchema } from "./augmentation.ts";
import { randomAt } from "./random.ts";

const input = { kind: "image", shape: [1, 4, 4], mean: [0], std: [1 / 255] } as const;
const planes = Uint8Array.from({ length: 16 }, (_, index) => index + 1);

function augmented(settings: unknown, seed: number): number[] {
  const tensor = new Float32Array(16);
  augmentInto(tensor, planes, input, imageAugmentationSchema.parse(settings), randomAt(seed));
  return Array.from(tensor, Math.round);
}

describe("augmentInto", () => {
  it("leaves a frame as it is when everything is off", () => {
    assert.deepEqual(augmented({ flip: false, pad: 0 }, 1), Array.from(planes));
  });

  it("mirrors about half of the frames, and nothing else", () => {
    const mirrored = [4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13];
    let count = 0;
    for (let seed = 0; seed < 200; seed++) {
      const frame = augmented({ flip: true, pad: 0 }, seed);
      count += frame[0] === 4 ? 1 : 0;
      assert.deepEqual(frame, frame[0] === 4 ? mirrored : Array.from(planes));
    }
    assert.ok(count > 70 && count < 130, `${count} of 200`);
  });

  it("draws every shift of a padded crop, with black beyond the border", () => {
    const firsts = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const frame = augmented({ flip: false, pad: 1 }, seed);
      firsts.add(`${frame[0]},${frame[15]}`);
    }
    // Top left and bottom right of the nine shifts; two of them hide both corners.
    const expected = ["0,0", "0,11", "0,12", "0,15", "1,16", "2,0", "5,0", "6,0"];
    assert.deepEqual([...firsts].sort(), expected);
  });

  it("cuts a hole of zeros no larger than asked", () => {
    for (let seed = 0; seed < 50; seed++) {
      const zeros = augmented({ flip: false, pad: 0, cutout: 2 }, seed).filter((value) => value === 0).length;
      assert.ok(zeros >= 1 && zeros <= 4, `${zeros} zeros`);
    }
  });

  it("draws the same for the same seed and place", () => {
    assert.deepEqual(augmented({ pad: 2 }, 9), augmented({ pad: 2 }, 9));
  });
});
