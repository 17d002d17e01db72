import type { Manifest } from "../bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { holdOut, subjectsOut } from "../training/split.ts";
import type { Frames } from "./predict.ts";

export const evaluationSplits = ["held-out", "test"] as const;
/** `held-out`: the frames of the training set that the bundle's training never learned from; `test`: the official test set. */
export type EvaluationSplit = (typeof evaluationSplits)[number];

/**
 * The frames of a split, as a bundle sees them.
 *
 * @throws {MeanetError} DATASET_MISSING when the folder lacks that part, DATASET_CORRUPT; INPUT_KIND_UNSUPPORTED when the
 * bundle is not for frames of that kind
 */
export async function openFrames(
  dataset: Dataset,
  split: EvaluationSplit,
  { input, provenance }: Pick<Manifest, "input" | "provenance">,
): Promise<Frames> {
  if (split === "test") {
    const labelled = await dataset.read("test");
    return { labelled, indices: Uint32Array.from({ length: labelled.count }, (_, index) => index), input };
  }
  const labelled = await dataset.read("train");
  const { heldOutCount, heldOutSubjects, splitSeed } = provenance.data;
  const { heldOut } =
    heldOutSubjects === undefined
      ? holdOut(labelled, heldOutCount, splitSeed)
      : subjectsOut(labelled, heldOutSubjects);
  return { labelled, indices: heldOut, input };
}
