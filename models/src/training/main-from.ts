/** Main of a bundle that is there, for a new extension behind it. */
import { isMeanetError, MeanetError } from "@meanet/runtime";
import { type Bundle, loadBundle } from "../bundle/bundle.ts";
import { resolveBundle } from "../bundle/zoo.ts";
import type { Dataset } from "../data/dataset.ts";
import { predictPlain } from "../evaluation/predict.ts";
import { buildInference, readTrainedValues, type TrainedValues } from "../graph/index.ts";
import { meanetParts } from "../networks/index.ts";
import type { TrainedPart, Training } from "./parts.ts";

/** Frames on which the network that the recipe describes must answer as the bundle's main does. */
const COMPARED_FRAMES = 16;
/** Greatest |difference| of a logit that rounding may make. */
const TOLERANCE = 1e-3;

export interface BundleMain extends TrainedPart {
  /** Name and version of the bundle. */
  readonly source: string;
}

/**
 * Reads main of a bundle as if this training had trained it. What it learned from must be this recipe's: else frames held out
 * here may have been learned there, and every choice made on them would be flattered.
 *
 * @param nameOrFolder - a bundle of the zoo by name, or a folder
 * @throws {MeanetError} RECIPE_MISMATCH, naming what differs; BUNDLE_MISSING, BUNDLE_INVALID, BUNDLE_MISMATCH
 */
export async function mainFrom(training: Training, data: Dataset, nameOrFolder: string): Promise<BundleMain> {
  const bundle = await loadBundle(await resolveBundle(nameOrFolder));
  const { manifest, files } = bundle;
  const source = `${manifest.name}@${manifest.version}`;
  checkData(source, bundle, training, data);
  const part = meanetParts(training.recipe.edge).main;
  let values: TrainedValues;
  try {
    values = readTrainedValues(part, files.main);
  } catch (cause) {
    if (!isMeanetError(cause, "NETWORK_INVALID")) throw cause;
    throw mismatch(source, `its main is not the network of the recipe's \`edge\`: ${cause.message}`, cause);
  }
  // Strides and pools leave no trace in the weights; only answers show them.
  const difference = await greatestDifference(training, files.main, buildInference(part, values));
  if (!(difference <= TOLERANCE)) {
    throw mismatch(
      source,
      `its main is not the network of the recipe's \`edge\`: with the same weights logits differ by ${difference}`,
    );
  }
  return { onnx: files.main, values, history: manifest.provenance.parts.main, source };
}

function checkData(source: string, { manifest }: Bundle, training: Training, data: Dataset): void {
  const { recipe, split, input } = training;
  const theirs = manifest.provenance.data;
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ["data set", theirs.name, data.name],
    ["classes", manifest.classes, data.classes],
    ["frames held out", theirs.heldOutCount, split.heldOut.length],
    ["subjects held out", theirs.heldOutSubjects, split.heldOutSubjects],
    ["seed of the split", theirs.splitSeed, recipe.seed],
    ["frames learned from", theirs.trainCount, split.train.length],
    ["input, whose mean and deviation are the data's,", manifest.input, input],
  ];
  for (const [what, bundle, ours] of pairs) {
    const [received, expected] = [JSON.stringify(bundle), JSON.stringify(ours)];
    if (received !== expected) throw mismatch(source, `its ${what}: ${received}; the recipe's: ${expected}`);
  }
}

async function greatestDifference(
  { labelled, split, input }: Training,
  theirs: Uint8Array,
  ours: Uint8Array,
): Promise<number> {
  const frames = { labelled, indices: split.heldOut.subarray(0, COMPARED_FRAMES), input };
  const expected = await predictPlain(theirs, "y1", frames);
  const rebuilt = await predictPlain(ours, "y1", frames);
  return Math.max(
    ...expected.map((row, frame) =>
      Math.max(...row.map((logit, index) => Math.abs(logit - rebuilt[frame]![index]!))),
    ),
  );
}

function mismatch(source: string, reason: string, cause?: unknown): MeanetError {
  return new MeanetError(
    "RECIPE_MISMATCH",
    `main cannot be taken from ${source}: ${reason} → mainFrom`,
    { bundle: source },
    { cause },
  );
}
