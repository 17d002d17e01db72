import { MeanetError } from "@meanet/runtime";
import type { Manifest } from "../bundle/manifest.ts";
import type { Dataset, LabelledFrames } from "../data/dataset.ts";
import { type HeldOutSplit, holdOut, subjectsOut } from "../training/split.ts";
import type { Frames } from "./predict.ts";

export const evaluationSplits = ["held-out", "test"] as const;
/** `held-out`: the frames of the training set that the bundle's training never learned from; `test`: the official test set. */
export type EvaluationSplit = (typeof evaluationSplits)[number];

/**
 * The frames of a split, as a bundle sees them.
 *
 * @throws {MeanetError} DATASET_MISSING when the folder lacks that part, DATASET_CORRUPT; DATASET_CHANGED when which frames were held
 * out is no longer known, or its classes are others; INPUT_KIND_UNSUPPORTED when the bundle is not for frames of that kind
 */
export async function openFrames(
  dataset: Dataset,
  split: EvaluationSplit,
  { input, classes, provenance }: Pick<Manifest, "input" | "classes" | "provenance">,
): Promise<Frames> {
  // Frames of another shape are refused as such, when they are given to a model.
  if (dataset.shape.join() === input.shape.join()) requireSameClasses(dataset, classes);
  if (split === "test") {
    const labelled = await dataset.read("test");
    return { labelled, indices: Uint32Array.from({ length: labelled.count }, (_, index) => index), input };
  }
  const labelled = await dataset.read("train");
  requireSameFrames(labelled, dataset.folder, provenance);
  return { labelled, indices: splitOf(labelled, provenance).heldOut, input };
}

/** Which frames of the training part the bundle learned from, and which it did not. */
export function splitOf(labelled: LabelledFrames, { data }: Manifest["provenance"]): HeldOutSplit {
  return data.heldOutSubjects === undefined
    ? holdOut(labelled, data.heldOutCount, data.splitSeed)
    : subjectsOut(labelled, data.heldOutSubjects);
}

/**
 * One picture more or less, and others are drawn: frames learned from would be taken for held-out ones, and flatter every figure.
 *
 * @throws {MeanetError} DATASET_CHANGED
 */
export function requireSameFrames(
  { count }: Pick<LabelledFrames, "count">,
  folder: string,
  provenance: Manifest["provenance"],
): void {
  const { trainCount, heldOutCount } = provenance.data;
  const known = trainCount + heldOutCount;
  if (learnedFromAll(provenance) ? count === known : count >= known) return;
  throw new MeanetError(
    "DATASET_CHANGED",
    `${folder} holds ${count} frames to train on, the bundle was made of ${known}: which of them are held out is not known; give the folder as it was, or measure on a test part`,
    { folder, expected: known, actual: count },
  );
}

/**
 * Labels are indices: in another order of the classes they would mean others. Names may differ, as those of one data set do by where it
 * comes from.
 */
function requireSameClasses(dataset: Dataset, classes: readonly string[]): void {
  const moved = dataset.classes.find((name, index) => classes.includes(name) && classes[index] !== name);
  if (moved === undefined && dataset.classes.length === classes.length) return;
  throw new MeanetError(
    "DATASET_CHANGED",
    moved === undefined
      ? `${dataset.folder} has ${dataset.classes.length} classes, the bundle tells ${classes.length} apart; give the data that it was made of`
      : `"${moved}" is class ${dataset.classes.indexOf(moved)} of ${dataset.folder} and class ${classes.indexOf(moved)} of the bundle; give the classes in the bundle's order: ${classes.join(", ")}`,
    { folder: dataset.folder, expected: classes, actual: dataset.classes },
  );
}

/** Trials learn from a part of the frames, and their manifests do not tell how many there were. */
function learnedFromAll({ recipe: { data } }: Manifest["provenance"]): boolean {
  return typeof data !== "object" || data === null || !("use" in data);
}
