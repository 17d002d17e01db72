import { type Random, shuffled } from "../training/random.ts";
import type { LabelledImages } from "./dataset.ts";

export interface ClassMix {
  readonly hardClasses: readonly number[];
  /** Share of frames whose true class is hard, in [0, 1]. */
  readonly hardShare: number;
}

/**
 * Draws `count` frames with a share of hard classes. No frame comes twice before all of its kind, hard or easy, have come once; within each kind
 * the classes keep their proportions.
 *
 * @param indices - frames of `images` to draw from; must hold frames of each kind that has a share
 * @returns indices into `images`, in the order of drawing
 */
export function drawMix(
  images: Pick<LabelledImages, "labels">,
  indices: Uint32Array,
  { hardClasses, hardShare }: ClassMix,
  count: number,
  random: Random,
): Uint32Array {
  const isHard = new Set(hardClasses);
  const hard = endless(
    indices.filter((index) => isHard.has(images.labels[index]!)),
    random,
  );
  const easy = endless(
    indices.filter((index) => !isHard.has(images.labels[index]!)),
    random,
  );
  return Uint32Array.from({ length: count }, () => (random.next() < hardShare ? hard() : easy()));
}

/** Deals out a pack of cards, and shuffles it anew when it is empty. */
function endless(pack: Uint32Array, random: Random): () => number {
  let order = shuffled(pack, random);
  let next = 0;
  return () => {
    if (pack.length === 0) throw new RangeError("no frame of the kind that is asked for");
    if (next === order.length) {
      order = shuffled(pack, random);
      next = 0;
    }
    return order[next++]!;
  };
}
