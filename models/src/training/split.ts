import { MeanetError } from "@meanet/runtime";
import type { LabelledFrames } from "../data/dataset.ts";
import { elementCount } from "../element-count.ts";
import { randomAt, shuffled } from "./random.ts";

/** Indices into the official training set, ascending: no frame is in both. */
export interface HeldOutSplit {
  readonly train: Uint32Array<ArrayBuffer>;
  readonly heldOut: Uint32Array<ArrayBuffer>;
  /** Whose frames were held out, where whole subjects were. */
  readonly heldOutSubjects?: readonly number[];
}

/**
 * Holds out `count` frames, as many of each class as it has of the whole, drawn by `seed`.
 *
 * @param count - number of frames to hold out, below the number there is
 */
export function holdOut(frames: LabelledFrames, count: number, seed: number): HeldOutSplit {
  const byClass = new Map<number, number[]>();
  for (const [index, label] of frames.labels.entries()) {
    const members = byClass.get(label) ?? [];
    members.push(index);
    byClass.set(label, members);
  }
  const held: number[] = [];
  let seen = 0;
  for (const [label, members] of [...byClass].sort(([a], [b]) => a - b)) {
    // Cumulative rounding, so that the parts sum to `count` for any class sizes.
    const before = Math.round((seen * count) / frames.count);
    seen += members.length;
    const share = Math.round((seen * count) / frames.count) - before;
    held.push(...shuffled(Uint32Array.from(members), randomAt(seed, label)).subarray(0, share));
  }
  const inHeldOut = new Set(held);
  return partition(frames.count, (index) => inHeldOut.has(index));
}

/**
 * Draws the subjects to hold out: windows of one person are alike, and a person known from training would flatter the figures.
 *
 * @returns ascending
 * @throws {MeanetError} RECIPE_INVALID when the frames have no subjects, or too few
 */
export function drawSubjects(frames: LabelledFrames, count: number, seed: number): number[] {
  const all = Uint32Array.from(new Set(subjectsOf(frames))).sort();
  if (count >= all.length) {
    throw new MeanetError(
      "RECIPE_INVALID",
      `${count} subjects cannot be held out of ${all.length}: some must be left to learn from`,
      { count, subjects: all.length },
    );
  }
  return Array.from(shuffled(all, randomAt(seed)).subarray(0, count).sort());
}

/**
 * Holds out every frame of the subjects named.
 *
 * @throws {MeanetError} RECIPE_INVALID when the frames have no subjects
 */
export function subjectsOut(frames: LabelledFrames, subjects: readonly number[]): HeldOutSplit {
  const of = subjectsOf(frames);
  return partition(frames.count, (index) => subjects.includes(of[index]!));
}

function subjectsOf(frames: LabelledFrames): Uint8Array {
  if (frames.kind === "window") return frames.subjects;
  throw new MeanetError(
    "RECIPE_INVALID",
    "these frames have no subjects: hold out a number of frames instead",
  );
}

function partition(count: number, isHeldOut: (index: number) => boolean): HeldOutSplit {
  const all = Uint32Array.from({ length: count }, (_, index) => index);
  return { train: all.filter((index) => !isHeldOut(index)), heldOut: all.filter(isHeldOut) };
}

/**
 * Mean and standard deviation per channel over the frames named: of byte/255 in images, of raw values in windows. A constant channel gets
 * deviation 1, so that normalising never divides by zero.
 */
export function channelMoments(
  frames: LabelledFrames,
  indices: Uint32Array,
): { readonly mean: readonly number[]; readonly std: readonly number[] } {
  const [channels, ...map] = frames.shape;
  const values = frames.kind === "image" ? frames.images : frames.windows;
  const scale = frames.kind === "image" ? 255 : 1;
  const planeLength = elementCount(map);
  const mean: number[] = [];
  const std: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    let squares = 0;
    for (const index of indices) {
      const start = (index * channels + channel) * planeLength;
      for (let offset = start; offset < start + planeLength; offset++) {
        const value = values[offset]!;
        sum += value;
        squares += value * value;
      }
    }
    const n = indices.length * planeLength;
    const average = sum / n;
    const variance = squares / n - average * average;
    // The variance of equal values is nothing but rounding error.
    const deviation = variance > 1e-12 * (squares / n) ? Math.sqrt(variance) / scale : 1;
    mean.push(rounded(average / scale, deviation));
    std.push(rounded(deviation, deviation));
  }
  return { mean, std };
}

/**
 * Four digits are what a person writes down, and a manifest should say exactly what was used. Small values, such as magnetic fields in
 * tesla, have them further behind the point.
 */
function rounded(value: number, deviation: number): number {
  const unit = 10 ** (deviation < 0.01 ? 3 - Math.floor(Math.log10(deviation)) : 4);
  return Math.round(value * unit) / unit;
}
