import type { MeanetSpec } from "./specs.ts";

/** Narrowest stage of an adaptive block that is drawn up here. */
const LEAST_WIDTH = 8;

export interface BehindOptions {
  /** Shape of a frame, [C, H, W]. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly hardClasses: number;
  /** Shape of F1, [c, h, w]. */
  readonly features: readonly [number, number, number];
  /** Basic blocks of the extension; the paper has 4. */
  readonly extensionBlocks: number;
}

/**
 * Adaptive and extension block for a main that is there already, variant B: the adaptive block halves the frame as often as it stays
 * at least as large as F1, and ends with F1's channels.
 */
export function specBehind({
  input,
  classes,
  hardClasses,
  features,
  extensionBlocks,
}: BehindOptions): MeanetSpec {
  const [channels, height, width] = features;
  const halvings = halvingsOf([input[1], input[2]], [height, width]);
  // The stem makes the first halving: work at full size costs four times as much.
  const stages = Math.max(1, halvings);
  const widths = Array.from({ length: stages }, (_, stage) =>
    Math.min(channels, Math.max(LEAST_WIDTH, channels >> (stages - 1 - stage))),
  );
  return {
    input: [...input],
    classes,
    hardClasses,
    variant: "B",
    combine: "concat",
    backbone: { stemStride: halvings > 0 ? 2 : 1, widths, blocks: widths.map(() => 1) },
    extensionBlocks,
  };
}

function halvingsOf(from: readonly number[], to: readonly number[]): number {
  let sizes = from.map((size) => Math.ceil(size / 2));
  let halvings = 0;
  while (sizes.every((size, axis) => size >= to[axis]!)) {
    halvings += 1;
    if (sizes.every((size) => size === 1)) break;
    sizes = sizes.map((size) => Math.ceil(size / 2));
  }
  return halvings;
}
