import { z } from "zod";
import type { ImageInput } from "../bundle/manifest.ts";
import { frameInto, type Matched } from "../data/gather.ts";
import type { Random } from "./random.ts";
import { augmentWindow, windowAugmentationSchema } from "./window-augmentation.ts";

export const imageAugmentationSchema = z.strictObject({
  // Optional, without a default: older checkpoints identify their recipe by its text.
  kind: z.literal("image").optional(),
  flip: z.boolean().default(true).describe("Mirror half of the images left to right."),
  pad: z
    .int()
    .min(0)
    .default(2)
    .describe("Pixels of black border that a crop of the old size is drawn from."),
  cutout: z.int().min(0).default(0).describe("Side of a square of mean grey at a drawn place; 0 for none."),
});
type ImageAugmentation = z.infer<typeof imageAugmentationSchema>;

/** Of images unless its kind says otherwise. */
export const augmentationSchema = z.discriminatedUnion("kind", [
  imageAugmentationSchema,
  windowAugmentationSchema,
]);
export type Augmentation = z.infer<typeof augmentationSchema>;

/**
 * Writes one frame, normalised and augmented, into a batch. An augmentation of the other kind does nothing: recipes are checked for that.
 */
export function augmentFrameInto(
  tensor: Float32Array,
  matched: Matched,
  index: number,
  augmentation: Augmentation,
  random: Random,
): void {
  if (matched.kind === "image" && augmentation.kind !== "window") {
    const planes = matched.frames.images.subarray(index * tensor.length, (index + 1) * tensor.length);
    augmentInto(tensor, planes, matched.input, augmentation, random);
    return;
  }
  frameInto(tensor, matched, index);
  if (matched.kind === "window" && augmentation.kind === "window") {
    augmentWindow(tensor, matched.input, augmentation, random);
  }
}

/** What {@link augmentInto} does to an image, drawn once per image so that all channels agree. */
interface Draw {
  readonly mirrored: boolean;
  readonly shiftY: number;
  readonly shiftX: number;
  readonly hole: { readonly top: number; readonly left: number } | undefined;
}

/**
 * Writes one image, normalised and augmented, into a batch.
 *
 * @param tensor - C x H x W floats to write
 * @param planes - C x H x W bytes to read
 */
export function augmentInto(
  tensor: Float32Array,
  planes: Uint8Array,
  input: ImageInput,
  augmentation: ImageAugmentation,
  random: Random,
): void {
  const [channels, height, width] = input.shape;
  const draw = drawFor(augmentation, height, width, random);
  for (let channel = 0; channel < channels; channel++) {
    const mean = input.mean[channel]!;
    const std = input.std[channel]!;
    const base = channel * height * width;
    for (let y = 0; y < height; y++) {
      const sourceY = y + draw.shiftY;
      for (let x = 0; x < width; x++) {
        const shifted = x + draw.shiftX;
        const sourceX = draw.mirrored ? width - 1 - shifted : shifted;
        const inside = sourceY >= 0 && sourceY < height && sourceX >= 0 && sourceX < width;
        const byte = inside ? planes[base + sourceY * width + sourceX]! : 0;
        tensor[base + y * width + x] = (byte / 255 - mean) / std;
      }
    }
    if (draw.hole !== undefined) {
      cutHole(tensor, base, draw.hole, augmentation.cutout, height, width);
    }
  }
}

function drawFor(augmentation: ImageAugmentation, height: number, width: number, random: Random): Draw {
  const { flip, pad, cutout } = augmentation;
  return {
    mirrored: flip && random.next() < 0.5,
    shiftY: pad === 0 ? 0 : random.below(2 * pad + 1) - pad,
    shiftX: pad === 0 ? 0 : random.below(2 * pad + 1) - pad,
    hole:
      cutout === 0
        ? undefined
        : {
            top: random.below(height) - Math.floor(cutout / 2),
            left: random.below(width) - Math.floor(cutout / 2),
          },
  };
}

/** After normalisation, zero is mean grey. */
function cutHole(
  tensor: Float32Array,
  base: number,
  hole: { readonly top: number; readonly left: number },
  side: number,
  height: number,
  width: number,
): void {
  const bottom = Math.min(hole.top + side, height);
  const left = Math.max(hole.left, 0);
  const right = Math.min(hole.left + side, width);
  for (let y = Math.max(hole.top, 0); y < bottom; y++) {
    tensor.fill(0, base + y * width + left, base + y * width + right);
  }
}
