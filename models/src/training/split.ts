import type { LabelledImages } from "../data/dataset.ts";
import { randomAt, shuffled } from "./random.ts";

/** Indices into the official training set, ascending: no frame is in both. */
export interface HeldOutSplit {
  readonly train: Uint32Array<ArrayBuffer>;
  readonly heldOut: Uint32Array<ArrayBuffer>;
}

/**
 * Holds out `count` frames, as many of each class as it has of the whole, drawn by `seed`.
 *
 * @param count - number of frames to hold out, below the number there is
 */
export function holdOut(images: LabelledImages, count: number, seed: number): HeldOutSplit {
  const byClass = new Map<number, number[]>();
  for (const [index, label] of images.labels.entries()) {
    const members = byClass.get(label) ?? [];
    members.push(index);
    byClass.set(label, members);
  }
  const held: number[] = [];
  let seen = 0;
  for (const [label, members] of [...byClass].sort(([a], [b]) => a - b)) {
    // Cumulative rounding, so that the parts sum to `count` for any class sizes.
    const before = Math.round((seen * count) / images.count);
    seen += members.length;
    const share = Math.round((seen * count) / images.count) - before;
    held.push(...shuffled(Uint32Array.from(members), randomAt(seed, label)).subarray(0, share));
  }
  const inHeldOut = new Set(held);
  const train = Array.from({ length: images.count }, (_, index) => index).filter(
    (index) => !inHeldOut.has(index),
  );
  return { train: Uint32Array.from(train), heldOut: Uint32Array.from(held).sort() };
}

/** Mean and standard deviation of byte/255 per channel over the frames named. */
export function channelMoments(
  images: LabelledImages,
  indices: Uint32Array,
): { readonly mean: readonly number[]; readonly std: readonly number[] } {
  const [channels, height, width] = images.shape;
  const planeLength = height * width;
  const mean: number[] = [];
  const std: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    let squares = 0;
    for (const index of indices) {
      const start = (index * channels + channel) * planeLength;
      for (let offset = start; offset < start + planeLength; offset++) {
        const byte = images.images[offset]!;
        sum += byte;
        squares += byte * byte;
      }
    }
    const n = indices.length * planeLength;
    const average = sum / n;
    mean.push(rounded(average / 255));
    std.push(rounded(Math.sqrt(squares / n - average * average) / 255));
  }
  return { mean, std };
}

/** Four digits are what a person writes down, and a manifest should say exactly what was used. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
