import { imageInputOf, type Manifest } from "../bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { holdOut } from "../training/split.ts";
import type { Frames } from "./predict.ts";

export const evaluationSplits = ["held-out", "test"] as const;
/** `held-out`: the frames of the training set that the bundle's training never learned from; `test`: the official test set. */
export type EvaluationSplit = (typeof evaluationSplits)[number];

/**
 * The frames of a split, as a bundle sees them.
 *
 * @throws {MeanetError} DATASET_MISSING when the folder lacks that part, DATASET_CORRUPT
 */
export async function openFrames(
  dataset: Dataset,
  split: EvaluationSplit,
  manifest: Pick<Manifest, "name" | "input" | "provenance">,
): Promise<Frames> {
  const input = imageInputOf(manifest, "the evaluation");
  if (split === "test") {
    const images = await dataset.read("test");
    return {
      images,
      indices: Uint32Array.from({ length: images.count }, (_, index) => index),
      input,
    };
  }
  const images = await dataset.read("train");
  const { heldOutCount, splitSeed } = manifest.provenance.data;
  return { images, indices: holdOut(images, heldOutCount, splitSeed).heldOut, input };
}
