import { Tensor } from "@meanet/inference/session";
import { elementCount } from "../element-count.ts";
import type { Random } from "../training/random.ts";
import type { Prepared, Shapes } from "./edge-answers.ts";

/** Frames that batches are drawn from. */
export interface Pool {
  readonly frames: Prepared;
  /** Output of the extension that each frame should get; -1 for a class that it has no output for. */
  readonly targets: readonly number[];
  /** Frames that have a target. */
  readonly size: number;
  /** Draws one of these. @returns its position among `frames` */
  readonly draw: (random: Random) => number;
}

/** Feeds of a training step, N frames. */
export interface Batch {
  readonly x: Tensor;
  readonly F1: Tensor;
  /** int64, shape [N]. */
  readonly target: Tensor;
}

/** @param notHard - whether the extension has one more output, for the frames of all other classes */
export function poolOf(frames: Prepared, hardClasses: readonly number[], notHard: boolean): Pool {
  const ofEasy = notHard ? hardClasses.length : -1;
  const targets = frames.labels.map((label) => {
    const target = hardClasses.indexOf(label);
    return target === -1 ? ofEasy : target;
  });
  const positions = targets.flatMap((target, at) => (target === -1 ? [] : [at]));
  const drawn = balancedDraw({
    targets: positions.map((at) => targets[at]!),
    weights: positions.map((at) => frames.weights[at]!),
  });
  return { frames, targets, size: positions.length, draw: (random) => positions[drawn(random)]! };
}

/** @param drawn - the pool of each frame, and its position there */
export function batchOf(drawn: readonly (readonly [Pool, number])[], shapes: Shapes): Batch {
  const stacked = (key: "x" | "features", shape: readonly number[]): Tensor => {
    const length = elementCount(shape);
    const data = new Float32Array(drawn.length * length);
    for (const [row, [{ frames }, at]] of drawn.entries()) {
      const from = frames.rows[at]! * length;
      data.set(frames[key].subarray(from, from + length), row * length);
    }
    return new Tensor("float32", data, [drawn.length, ...shape]);
  };
  const target = BigInt64Array.from(drawn, ([{ targets }, at]) => BigInt(targets[at]!));
  return {
    x: stacked("x", shapes.x),
    F1: stacked("features", shapes.F1),
    target: new Tensor("int64", target, [drawn.length]),
  };
}

/**
 * Draws items so that every class comes equally often, however many items it has, and items of a class by their weight.
 *
 * @returns positions in the pool, with repetition
 */
export function balancedDraw(pool: {
  /** Target index of each item. */
  readonly targets: readonly number[];
  /** How often an item is drawn, compared with others of its class; > 0. */
  readonly weights: readonly number[];
}): (random: Random) => number {
  const byTarget = [...Map.groupBy(pool.targets.keys(), (position) => pool.targets[position]!).values()];
  const sums = byTarget.map((positions) => {
    let sum = 0;
    return positions.map((position) => (sum += pool.weights[position]!));
  });
  return (random) => {
    const of = random.below(byTarget.length);
    const until = random.next() * sums[of]!.at(-1)!;
    const at = sums[of]!.findIndex((sum) => sum > until);
    return byTarget[of]!.at(at)!;
  };
}
