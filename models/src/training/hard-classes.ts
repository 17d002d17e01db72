/**
 * Which classes are hard: those with the lowest precision of main's exit on held-out data.
 *
 * @see the authors' released code, whose counters are indexed by the predicted class: precision, not recall
 */
import { randomAt, shuffled } from "./random.ts";

/** A random stream that no epoch uses. */
const CLASS_DRAW = -2;

/** Main's answers to held-out frames. */
export interface Predictions {
  /** Predicted class of each frame. */
  readonly predicted: ArrayLike<number>;
  /** True class of each frame. */
  readonly labels: ArrayLike<number>;
}

/**
 * Precision by class: of the frames called c, the share that is c.
 *
 * @returns shape [classes]; 0 for a class that is never predicted, since main is of no use for it
 */
export function classPrecision({ predicted, labels }: Predictions, classes: number): Float64Array {
  const called = new Float64Array(classes);
  const right = new Float64Array(classes);
  for (let index = 0; index < predicted.length; index++) {
    const guess = predicted[index]!;
    called[guess]! += 1;
    right[guess]! += guess === labels[index] ? 1 : 0;
  }
  return called.map((count, index) => (count === 0 ? 0 : right[index]! / count));
}

/**
 * The `count` classes of lowest precision, the label dictionary of the extension.
 *
 * @returns class indices, hardest first; the lower index first at a tie
 */
export function hardestClasses(precision: ArrayLike<number>, count: number): number[] {
  return Array.from({ length: precision.length }, (_, index) => index)
    .sort((a, b) => precision[a]! - precision[b]! || a - b)
    .slice(0, count);
}

/**
 * `count` random classes: the baseline for the choice by precision.
 *
 * @returns class indices in the order drawn; equal seeds draw equal ones
 */
export function randomClasses(classes: number, count: number, seed: number): number[] {
  const all = Uint32Array.from({ length: classes }, (_, index) => index);
  return Array.from(shuffled(all, randomAt(seed, CLASS_DRAW)).subarray(0, count));
}
