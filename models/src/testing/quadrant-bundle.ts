/**
 * A bundle small enough to learn within a test: 8x8 pictures, of class c when quadrant c is bright. It comes untrained, its extension
 * guesses; all four classes are hard, so that the extension answers every frame.
 */
import type { Bundle } from "../bundle/bundle.ts";
import { brightParts, writeUntrainedBundle } from "./untrained-bundle.ts";

const SIDE = 8;
const CLASSES = ["upper-left", "upper-right", "lower-left", "lower-right"];

/** Frame i is of class i mod 4. The same seed gives the same frames, another one others. */
export function quadrantFrames(
  frames: number,
  seed: number,
): { readonly labels: readonly number[]; readonly frames: Uint8Array } {
  const { labels, values } = brightParts({ frames, length: SIDE * SIDE, seed }, (place) => {
    const [x, y] = [place % SIDE, Math.floor(place / SIDE)];
    return (x < SIDE / 2 ? 0 : 1) + (y < SIDE / 2 ? 0 : 2);
  });
  return { labels, frames: values };
}

export interface QuadrantBundle {
  /** Which classes are hard; all by default. */
  readonly hardClasses?: readonly number[];
  /** Reference frames; 40 by default, 0 for none. */
  readonly reference?: number;
  readonly threshold?: number;
}

export function writeQuadrantBundle(dir: string, changes: QuadrantBundle = {}): Promise<Bundle> {
  const { hardClasses = [0, 1, 2, 3], reference = 40, threshold = 10 } = changes;
  return writeUntrainedBundle(dir, {
    name: "quadrants",
    input: { kind: "image", shape: [1, SIDE, SIDE], mean: [0.4], std: [0.25] },
    classes: CLASSES,
    hardClasses,
    threshold,
    reference: reference === 0 ? undefined : quadrantFrames(reference, 1),
  });
}
