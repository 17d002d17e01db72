import { z } from "zod";
import type { WindowInput } from "../bundle/manifest.ts";
import type { Random } from "./random.ts";
import { type Rotation, randomRotation } from "./rotation.ts";

export const windowAugmentationSchema = z.strictObject({
  kind: z.literal("window"),
  scale: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe(
      "Each window is multiplied by a factor drawn from 1 - scale to 1 + scale; of normalised values.",
    ),
  noise: z
    .number()
    .min(0)
    .default(0)
    .describe("Greatest value, drawn from both sides of 0, that is added to each normalised reading."),
  shift: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "Greatest number of readings that a window moves in time; the reading at its edge fills the gap.",
    ),
  turn: z
    .number()
    .min(0)
    .max(180)
    .optional()
    .describe(
      "Greatest angle, degrees, that the wearer's sensors are turned by about a drawn axis. Channels must be x, y, z of one sensor after the other.",
    ),
});
export type WindowAugmentation = z.infer<typeof windowAugmentationSchema>;

/**
 * Augments one normalised window in place: shift and scale are drawn once, so that all channels agree.
 *
 * @param tensor - C x T floats
 */
export function augmentWindow(
  tensor: Float32Array,
  input: WindowInput,
  { scale, noise, shift, turn = 0 }: WindowAugmentation,
  random: Random,
): void {
  const [channels, length] = input.shape;
  if (turn !== 0) rotate(tensor, input, randomRotation((turn * Math.PI) / 180, random));
  const moved = shift === 0 ? 0 : random.below(2 * shift + 1) - shift;
  const factor = scale === 0 ? 1 : 1 + scale * (2 * random.next() - 1);
  for (let channel = 0; channel < channels; channel++) {
    const readings = tensor.subarray(channel * length, (channel + 1) * length);
    move(readings, moved);
    for (let at = 0; at < length; at++) {
      const added = noise === 0 ? 0 : noise * (2 * random.next() - 1);
      readings[at] = factor * readings[at]! + added;
    }
  }
}

/** A positive number moves towards the end. */
function move(readings: Float32Array, by: number): void {
  if (by === 0) return;
  const edge = by > 0 ? readings[0]! : readings.at(-1)!;
  readings.copyWithin(Math.max(by, 0), Math.max(-by, 0), readings.length - Math.max(by, 0));
  if (by > 0) readings.fill(edge, 0, by);
  else readings.fill(edge, readings.length + by);
}

/** Turns every sensor alike. Normalisation differs by axis: it is undone before and done again after. */
function rotate(tensor: Float32Array, { shape, mean, std }: WindowInput, rotation: Rotation): void {
  const [channels, length] = shape;
  for (let first = 0; first + 3 <= channels; first += 3) {
    for (let at = 0; at < length; at++) {
      const raw = (axis: number) =>
        tensor[(first + axis) * length + at]! * std[first + axis]! + mean[first + axis]!;
      const [x, y, z] = [raw(0), raw(1), raw(2)];
      for (const [axis, [a, b, c]] of rotation.entries()) {
        const channel = first + axis;
        tensor[channel * length + at] = (a * x + b * y + c * z - mean[channel]!) / std[channel]!;
      }
    }
  }
}
