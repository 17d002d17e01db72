/** What every part of a training starts from: frames, split, normalisation, and a log of its epochs. */
import { appendFileSync } from "node:fs";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import type { ModelInput } from "../bundle/manifest.ts";
import type { Dataset, LabelledFrames } from "../data/dataset.ts";
import type { Classifier } from "../onnx-file/index.ts";
import { checkpointUnwritable, fingerprintOf } from "./checkpoint.ts";
import { stepsPerEpoch } from "./fit.ts";
import { normalisationOf } from "./imported.ts";
import type { Training } from "./parts.ts";
import { randomAt, shuffled } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { channelMoments, drawSubjects, holdOut, subjectsOut } from "./split.ts";
import type { TrainOptions } from "./train-options.ts";

/**
 * @param main - a network made elsewhere, which brings the normalisation that it was trained with
 * @throws {MeanetError} RECIPE_INVALID, DATASET_MISSING, DATASET_CORRUPT, CHECKPOINT_UNWRITABLE
 */
export async function prepare(
  recipe: Recipe,
  options: Omit<TrainOptions, "out">,
  main?: Classifier,
): Promise<Training> {
  const work = options.work ?? join(".meanet", "training", recipe.name);
  const labelled = await options.data.read("train");
  const split = splitBy(labelled, recipe);
  checkFrames(recipe, labelled, split);
  const own = main === undefined || recipe.main === undefined ? {} : normalisationOf(main, recipe.main);
  const input = { ...inputOf(labelled, split.train), ...own };
  checkNetworks(recipe, options.data, input);
  const log = join(work, "log.jsonl");
  try {
    await mkdir(work, { recursive: true });
    await appendFile(log, "");
  } catch (cause) {
    throw checkpointUnwritable(work, cause);
  }
  return {
    recipe,
    labelled,
    split,
    input,
    classes: options.data.classes.length,
    frames: framesFingerprint(labelled, split, input),
    work,
    threads: options.threads ?? recipe.batch.shards,
    signal: options.signal,
    onProgress: (progress) => {
      options.onProgress?.(progress);
      if (progress.kind === "epoch") {
        // One short line an epoch: not worth an open stream.
        appendFileSync(log, `${JSON.stringify({ at: new Date().toISOString(), ...progress })}\n`);
      }
    },
  };
}

/** What another trainer needs to make a network that this recipe's bundle can take in. */
export interface HeldOut {
  /** Frames of the official training set that no gradient may see: their indices, ascending. */
  readonly heldOut: readonly number[];
  /** The same as files, from the folder of the data set, where frames are files of their own. */
  readonly files?: readonly string[];
  /** Per channel, of the frames that may be learned from. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT */
export async function heldOutOf(recipe: Recipe, data: Dataset): Promise<HeldOut> {
  const labelled = await data.read("train");
  const { train, heldOut } = splitBy(labelled, recipe);
  const files = await data.filesOf?.("train");
  return {
    heldOut: Array.from(heldOut),
    ...(files && { files: Array.from(heldOut, (index) => files[index]!) }),
    ...channelMoments(labelled, train),
  };
}

function splitBy(labelled: LabelledFrames, recipe: Recipe): Training["split"] {
  const whole = wholeSplit(labelled, recipe);
  const { data, seed } = recipe;
  return { ...whole, train: shuffled(whole.train, randomAt(seed)).subarray(0, data.use).sort() };
}

function wholeSplit(labelled: LabelledFrames, { data, seed }: Recipe): Training["split"] {
  if (data.heldOutSubjects === undefined) {
    const { heldOut = 0 } = data;
    if (heldOut < labelled.count) return holdOut(labelled, heldOut, seed);
    throw new MeanetError(
      "RECIPE_INVALID",
      `${heldOut} frames cannot be held out of ${labelled.count}: some must be left to learn from; a tenth is usual → data.heldOut`,
      { heldOut, frames: labelled.count },
    );
  }
  const heldOutSubjects = drawSubjects(labelled, data.heldOutSubjects, seed);
  return { ...subjectsOut(labelled, heldOutSubjects), heldOutSubjects };
}

function framesFingerprint(labelled: LabelledFrames, split: Training["split"], input: ModelInput): string {
  const values = labelled.kind === "image" ? labelled.images : labelled.windows;
  return fingerprintOf(input, labelled.labels, values, split.train, split.heldOut);
}

function inputOf(labelled: LabelledFrames, train: Uint32Array): ModelInput {
  const moments = channelMoments(labelled, train);
  return labelled.kind === "image"
    ? { kind: "image", shape: labelled.shape, ...moments }
    : { kind: "window", shape: labelled.shape, ...moments, rateHz: labelled.rateHz };
}

/**
 * The extension learns from hard classes alone and is judged on them, but which these are is known only after main. Here they are assumed
 * to be those with most frames: what is too few then is too few in any case. Some of each class must be held out, whichever are hard.
 *
 * @throws {MeanetError} RECIPE_INVALID
 */
function checkFrames(
  { batch, edge, train }: Recipe,
  { labels }: LabelledFrames,
  split: Training["split"],
): void {
  const seen = new Set(Array.from(split.heldOut, (index) => labels[index])).size;
  if (seen + edge.hardClasses <= edge.classes) {
    throw new MeanetError(
      "RECIPE_INVALID",
      `the ${split.heldOut.length} frames held out show ${seen} of ${edge.classes} classes, so that of ${edge.hardClasses} hard classes none may be among them; expected some of every class: hold out more → data.heldOut`,
      { heldOut: split.heldOut.length, seen, classes: edge.classes },
    );
  }
  const all = split.train.length;
  const ofClass = new Map<number, number>();
  for (const index of split.train) ofClass.set(labels[index]!, (ofClass.get(labels[index]!) ?? 0) + 1);
  const most = [...ofClass.values()].sort((a, b) => b - a).slice(0, edge.hardClasses);
  if (train.main !== undefined) stepsPerEpoch("main", all, batch);
  stepsPerEpoch("extension", edge.notHard ? all : most.reduce((sum, frames) => sum + frames, 0), batch);
  if (train.cloud !== undefined) stepsPerEpoch("cloud", all, batch);
}

/** Checked here, a mismatch costs no hour of training. @throws {MeanetError} RECIPE_INVALID */
function checkNetworks({ edge, train }: Recipe, { name, classes }: Dataset, { shape }: ModelInput): void {
  if (edge.input.join() !== shape.join() || edge.classes !== classes.length) {
    throw new MeanetError(
      "RECIPE_INVALID",
      `the networks take frames of ${edge.input.join("x")} and tell ${edge.classes} classes apart; data set ${name} has frames of ${shape.join("x")} and ${classes.length} classes; expected them equal: \`input\` and \`classes\` of the recipe, or other data`,
      { input: edge.input, shape, classes: classes.length },
    );
  }
  const turns = Object.values(train).some(
    (part) => part?.augmentation.kind === "window" && part.augmentation.turn !== undefined,
  );
  if (turns && shape[0] % 3 !== 0) {
    throw new MeanetError(
      "RECIPE_INVALID",
      `the recipe turns sensors of three axes; ${name} has ${shape[0]} channels: leave out \`turn\``,
      { channels: shape[0] },
    );
  }
}
