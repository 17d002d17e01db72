import { type Bundle, writeBundle } from "../bundle/bundle.ts";
import type { ModelInput } from "../bundle/manifest.ts";
import { encodeReference, type RawFrames } from "../bundle/reference.ts";
import { buildInference } from "../graph/index.ts";
import { count, initialise, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { randomAt } from "../training/random.ts";

/** A bundle that guesses: its networks have the weights they begin with. */
export interface UntrainedBundle {
  readonly name: string;
  readonly input: ModelInput;
  readonly classes: readonly string[];
  readonly hardClasses: readonly number[];
  readonly threshold: number;
  /** Undefined for none. */
  readonly reference: RawFrames | undefined;
}

/** Writes it, with networks of a few thousand weights: variant A, two stages of one block. */
export function writeUntrainedBundle(dir: string, of: UntrainedBundle): Promise<Bundle> {
  const { name, input, classes, hardClasses, threshold, reference } = of;
  const edge = meanetSpecSchema.parse({
    input: input.shape,
    classes: classes.length,
    hardClasses: hardClasses.length,
    variant: "A",
    exitPool: "global",
    backbone: { widths: [4, 8], blocks: [1, 1] },
  });
  const parts = meanetParts(edge);
  const history = { epochs: 0, seconds: 0, heldOutAccuracy: 0 };
  return writeBundle(dir, {
    manifest: {
      ...{ name, version: "1.0.0", input, classes: [...classes], hardClasses: [...hardClasses], threshold },
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
    reference: reference && { bytes: encodeReference(reference), items: reference.labels.length },
  });
}

/**
 * Frames of noise, each of four parts; of class c when part c lies higher than the rest. Frame i is of class i mod 4.
 *
 * @param partOf - of a place in a frame, the part it belongs to
 */
export function brightParts(
  { frames, length, seed }: { readonly frames: number; readonly length: number; readonly seed: number },
  partOf: (place: number) => number,
): { readonly labels: readonly number[]; readonly values: Uint8Array } {
  const random = randomAt(seed, 0x9a);
  const values = new Uint8Array(frames * length);
  for (let at = 0; at < values.length; at++) {
    const bright = partOf(at % length) === Math.floor(at / length) % 4;
    values[at] = random.below(120) + (bright ? 120 : 0);
  }
  return { labels: Array.from({ length: frames }, (_, at) => at % 4), values };
}
