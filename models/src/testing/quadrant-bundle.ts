/**
 * A bundle small enough to learn within a test: 8x8 pictures, of class c when quadrant c is bright. It comes untrained, its extension
 * guesses; all four classes are hard, so that the extension answers every frame.
 */
import { type Bundle, writeBundle } from "../bundle/bundle.ts";
import { encodeReference } from "../bundle/reference.ts";
import { buildInference } from "../graph/index.ts";
import { count, initialise, type MeanetSpec, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { randomAt } from "../training/random.ts";

const SIDE = 8;
const CLASSES = ["upper-left", "upper-right", "lower-left", "lower-right"];

const spec: MeanetSpec = meanetSpecSchema.parse({
  input: [1, SIDE, SIDE],
  classes: CLASSES.length,
  hardClasses: CLASSES.length,
  variant: "A",
  exitPool: "global",
  backbone: { widths: [4, 8], blocks: [1, 1] },
});

/** Frame i is of class i mod 4. The same seed gives the same frames, another one others. */
export function quadrantFrames(
  frames: number,
  seed: number,
): { readonly labels: readonly number[]; readonly frames: Uint8Array } {
  const random = randomAt(seed, 0x9a);
  const bytes = new Uint8Array(frames * SIDE * SIDE);
  for (let at = 0; at < bytes.length; at++) {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE) % SIDE];
    const quadrant = (x < SIDE / 2 ? 0 : 1) + (y < SIDE / 2 ? 0 : 2);
    const bright = quadrant === Math.floor(at / SIDE ** 2) % 4;
    bytes[at] = random.below(120) + (bright ? 120 : 0);
  }
  return { labels: Array.from({ length: frames }, (_, at) => at % 4), frames: bytes };
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
  const edge = { ...spec, hardClasses: hardClasses.length };
  const parts = meanetParts(edge);
  const raw = quadrantFrames(reference, 1);
  const history = { epochs: 0, seconds: 0, heldOutAccuracy: 0 };
  return writeBundle(dir, {
    manifest: {
      name: "quadrants",
      version: "1.0.0",
      input: { kind: "image", shape: [1, SIDE, SIDE], mean: [0.4], std: [0.25] },
      classes: CLASSES,
      hardClasses,
      threshold,
      decision: "extension",
      blocks: count(edge),
      provenance: {
        data: { name: "none", licence: "none", trainCount: 1, heldOutCount: 1, splitSeed: 0 },
        recipe: { edge: JSON.parse(JSON.stringify(edge)) },
        parts: { main: history, extension: history },
        machine: "none",
        createdAt: "2026-01-01T00:00:00Z",
      },
    },
    files: {
      main: buildInference(parts.main, initialise(parts.main, 3)),
      extension: buildInference(parts.extension, initialise(parts.extension, 4)),
    },
    reference: reference === 0 ? undefined : { bytes: encodeReference(raw), items: reference },
  });
}
