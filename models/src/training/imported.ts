/** Networks that were trained elsewhere, as parts of a training. */
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { gather } from "../data/gather.ts";
import {
  type Adopted,
  type AdoptedMain,
  adopt,
  bytesAsTheyAre,
  type Classifier,
  type Normalisation,
  readClassifier,
} from "../onnx-file/index.ts";
import { type PartHistory, plainAccuracy, type Training } from "./parts.ts";
import type { ImportedModel, Recipe } from "./recipe.ts";

/** How many times better than guessing a classifier must be, to be accepted as one for this data. */
const BETTER_THAN_CHANCE = 1.5;
/** Or this share of the way from guessing to no errors: with two classes, 1.5 times a half would refuse honest classifiers. */
const LEAST_OF_THE_WAY = 0.1;
/** Frames that a network is tried with. */
const EXAMPLES = 3;

/** Such files are too large for a recipe to come with. */
const noCloudFile =
  "put the network of the cloud there (cloud.onnx of a bundle for the same data serves as it is; models/pytorch trains one for CIFAR-100), or take `cloud` out of the recipe for a bundle that answers alone";

type Measured<A extends Adopted> = A & { readonly history: PartHistory };

/** Files of a recipe that were made elsewhere, read and looked at. */
export type Foreign = Partial<Record<"main" | "cloud", Classifier>>;

/** The same as models of the bundle. */
export interface Imported {
  readonly main?: Measured<AdoptedMain>;
  readonly cloud?: Measured<Adopted>;
}

/**
 * Reads the files of a recipe that were made elsewhere. Done first, so that faults in them show before hours of training.
 *
 * @param folder - that their paths start from
 * @param parts - those to read
 * @throws {MeanetError} RECIPE_INVALID, MODEL_INVALID, MODEL_UNSUPPORTED
 */
export async function readForeign(
  { main, cloud }: Recipe,
  folder: string,
  parts: readonly (keyof Foreign)[],
): Promise<Foreign> {
  const takesMain = main !== undefined && parts.includes("main");
  const takesCloud = cloud !== undefined && "onnx" in cloud && parts.includes("cloud");
  return {
    ...(takesMain ? { main: await openClassifier(resolve(folder, main.onnx)) } : {}),
    ...(takesCloud ? { cloud: await openClassifier(resolve(folder, cloud.onnx), noCloudFile) } : {}),
  };
}

/**
 * Turns them into models of the bundle, measured on held-out frames.
 *
 * @throws {MeanetError} as {@link adopt}; MODEL_UNFIT when one is no better than guessing
 */
export async function importParts(training: Training, foreign: Foreign): Promise<Imported> {
  const { main, cloud } = training.recipe;
  return {
    ...(foreign.main && main ? { main: await importMain(training, foreign.main, main) } : {}),
    ...(foreign.cloud && cloud && "onnx" in cloud
      ? { cloud: await importCloud(training, foreign.cloud, cloud) }
      : {}),
  };
}

/**
 * Reads a classifier made elsewhere, to look at its tensors.
 *
 * @param remedy - what to do when there is no such file
 * @throws {MeanetError} MODEL_INVALID, MODEL_UNSUPPORTED
 */
export async function openClassifier(path: string, remedy?: string): Promise<Classifier> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new MeanetError(
      "MODEL_INVALID",
      `${path} cannot be read; expected an ONNX file${remedy === undefined ? "" : `: ${remedy}`}`,
      { path },
      { cause },
    );
  }
  return readClassifier(bytes, basename(path));
}

/**
 * The normalisation of a bundle whose main was trained elsewhere: main's own.
 *
 * @throws {MeanetError} RECIPE_INVALID when it does not fit the model
 */
export function normalisationOf({ input, name }: Classifier, model: ImportedModel): Normalisation {
  const [channels] = input.frame;
  const { mean, std } = model;
  if (input.type === "uint8") {
    if (mean !== undefined || std !== undefined) {
      throw new MeanetError(
        "RECIPE_INVALID",
        `${name} takes bytes as they are; expected neither mean nor std`,
        { file: name },
      );
    }
    return bytesAsTheyAre(channels);
  }
  const own = { mean: mean ?? Array<number>(channels).fill(0), std: std ?? Array<number>(channels).fill(1) };
  if (own.mean.some((value) => Math.abs(value) > 1)) {
    throw new MeanetError(
      "RECIPE_INVALID",
      `${name}: mean is ${own.mean.join(", ")}; expected it of byte/255, from 0 to 1: divide mean and std by 255 where they are of bytes`,
      { file: name, mean: own.mean },
    );
  }
  for (const [key, values] of Object.entries(own)) {
    if (values.length !== channels || (key === "std" && values.some((value) => value <= 0))) {
      throw new MeanetError(
        "RECIPE_INVALID",
        `${name}: ${key} is ${values.join(", ")}; expected ${channels} number${channels === 1 ? "" : "s, one per channel"}${key === "std" ? " above 0" : ""}`,
        { file: name, [key]: values },
      );
    }
  }
  return own;
}

async function importMain(
  training: Training,
  classifier: Classifier,
  { features, logits }: ImportedModel,
): Promise<Measured<AdoptedMain>> {
  const options = { ...common(training), features, logits, as: "y1" } as const;
  return measured(training, classifier.name, "y1", await adopt(classifier, options));
}

async function importCloud(
  training: Training,
  classifier: Classifier,
  model: ImportedModel,
): Promise<Measured<Adopted>> {
  const { logits, mean, std } = model;
  const own = mean === undefined && std === undefined ? undefined : normalisationOf(classifier, model);
  const options = { ...common(training), logits, as: "y", own } as const;
  return measured(training, classifier.name, "y", await adopt(classifier, options));
}

function common({ labelled, split, input, classes }: Training) {
  if (input.kind !== "image") {
    throw new MeanetError(
      "MODEL_UNFIT",
      `the data set holds ${input.kind}s; networks made elsewhere are taken for images only`,
      { input: input.kind },
    );
  }
  // A tiny held-out part may have fewer frames than examples.
  const indices = Array.from(
    { length: EXAMPLES },
    (_, frame) => split.heldOut[frame % split.heldOut.length]!,
  );
  const { data: examples } = gather(labelled, indices, input);
  return { frames: input, classes, examples: examples as Float32Array };
}

/** Checks the answers: a wrong normalisation or order of classes shows in nothing else. */
async function measured<A extends Adopted>(
  training: Training,
  name: string,
  output: "y1" | "y",
  adopted: A,
): Promise<Measured<A>> {
  const heldOutAccuracy = await plainAccuracy(training, adopted.onnx, output);
  if (heldOutAccuracy < leastAccuracy(training.classes)) {
    const percent = (100 * heldOutAccuracy).toFixed(1);
    throw new MeanetError(
      "MODEL_UNFIT",
      `${name} answers ${percent} % of the frames held out rightly, hardly more than guessing; expected a classifier of this data: check mean and std, and that its classes stand in the order of the data's`,
      { file: name, accuracy: heldOutAccuracy },
    );
  }
  return { ...adopted, history: { epochs: 0, seconds: 0, heldOutAccuracy } };
}

/** Accuracy that a classifier must reach, to be accepted as one for this data. */
export function leastAccuracy(classes: number): number {
  const chance = 1 / classes;
  return Math.min(BETTER_THAN_CHANCE * chance, chance + LEAST_OF_THE_WAY * (1 - chance));
}
