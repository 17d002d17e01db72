import { createHash } from "node:crypto";
import { MeanetError } from "@meanet/runtime";
import type { ModelInput } from "../bundle/manifest.ts";
import type { LabelledFrames } from "../data/dataset.ts";
import { predictExtension, predictPlain } from "../evaluation/predict.ts";
import {
  buildInference,
  buildStatistics,
  buildTrainingStep,
  type Part,
  statisticCount,
  type TrainedValues,
} from "../graph/index.ts";
import {
  classifierPart,
  extensionBehind,
  extensionOutputs,
  initialise,
  meanetParts,
} from "../networks/index.ts";
import { cut, OnnxFile } from "../onnx-file/index.ts";
import { argmax } from "../routing.ts";
import { fingerprintOf, readCheckpoint } from "./checkpoint.ts";
import { type Fitted, fit } from "./fit.ts";
import type { TrainingProgress } from "./progress.ts";
import type { PartRecipe, Recipe } from "./recipe.ts";
import type { HeldOutSplit } from "./split.ts";

/** What all parts of one training share. */
export interface Training {
  readonly recipe: Recipe;
  readonly labelled: LabelledFrames;
  readonly split: HeldOutSplit;
  readonly input: ModelInput;
  /** Number of classes. */
  readonly classes: number;
  /** Fingerprint of the frames, their split and normalisation. */
  readonly frames: string;
  /** Folder of checkpoints. */
  readonly work: string;
  readonly threads: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: TrainingProgress) => void;
}

/** A part that can be run. */
export interface TrainedPart {
  readonly onnx: Uint8Array;
  readonly values: TrainedValues;
  readonly history: PartHistory;
}

export interface PartHistory {
  readonly epochs: number;
  readonly seconds: number;
  readonly heldOutAccuracy: number;
}

/** Main as an extension needs it: trained by this project, or a model that is only run. */
export type FrozenMain =
  | TrainedPart
  | {
      readonly onnx: Uint8Array;
      /** Shape of F1, [c, h, w]. */
      readonly features: readonly [number, number, number];
    };

interface PartPlan {
  readonly part: Part;
  readonly recipe: PartRecipe;
  /** What else determines this part: its network's description. */
  readonly network: unknown;
  readonly frozen?: TrainedValues;
  /** The frozen part as a model `x` → `F1`, where it is no graph of this project. */
  readonly frozenModel?: Uint8Array;
  /** Classes of the frozen part that this one's targets are. */
  readonly teacherClasses?: readonly number[];
  /** Target index of each class, -1 where a class is no target. */
  readonly targetOf: readonly number[];
  readonly targets: number;
  readonly accuracy: (onnx: Uint8Array) => Promise<number>;
}

/**
 * Trains main on all classes.
 *
 * @throws {MeanetError} RECIPE_INVALID when the recipe takes main from a bundle
 */
export async function trainMain(training: Training): Promise<TrainedPart> {
  return trainPlan(training, planMain(training));
}

/**
 * Main of a training that has finished it, without training on.
 *
 * @throws {MeanetError} TRAINING_INCOMPLETE, CHECKPOINT_MISMATCH
 */
export async function trainedMain(training: Training): Promise<TrainedPart> {
  const plan = planMain(training);
  const { checkpoint, fingerprint, frames } = placeOf(training, plan);
  const epochs = (await readCheckpoint(checkpoint, fingerprint, frames))?.epoch ?? 0;
  if (epochs < plan.recipe.epochs) {
    throw new MeanetError(
      "TRAINING_INCOMPLETE",
      `the extension learns behind a trained main, and ${checkpoint} has ${epochs} of ${plan.recipe.epochs} epochs; train main first`,
      { checkpoint, epochs, expected: plan.recipe.epochs },
    );
  }
  return trainPlan(training, plan);
}

function planMain(training: Training): PartPlan {
  const { recipe, classes } = training;
  if (recipe.train.main === undefined) {
    throw new MeanetError(
      "RECIPE_INVALID",
      `main is not trained but taken from ${recipe.mainFrom ?? recipe.main?.onnx}; expected how it is trained → train.main`,
      { main: recipe.mainFrom ?? recipe.main?.onnx },
    );
  }
  return {
    part: meanetParts(recipe.edge).main,
    recipe: recipe.train.main,
    network: recipe.edge,
    targetOf: identity(classes),
    targets: classes,
    accuracy: (onnx) => plainAccuracy(training, onnx, "y1"),
  };
}

/**
 * Trains the cloud's network on all classes.
 *
 * @throws {MeanetError} RECIPE_INVALID when the recipe has none
 */
export async function trainCloud(training: Training): Promise<TrainedPart> {
  const { recipe, classes } = training;
  if (recipe.cloud === undefined || "onnx" in recipe.cloud || recipe.train.cloud === undefined) {
    throw new MeanetError(
      "RECIPE_INVALID",
      "the recipe has no network of the cloud to be trained; expected its description → cloud",
    );
  }
  return trainPlan(training, {
    part: classifierPart(recipe.cloud),
    recipe: recipe.train.cloud,
    network: recipe.cloud,
    targetOf: identity(classes),
    targets: classes,
    accuracy: (onnx) => plainAccuracy(training, onnx, "y"),
  });
}

/**
 * Trains adaptive and extension on frames of hard classes only, behind a frozen main: neither its weights nor its statistics
 * move. With `notHard` it is trained on all frames, those of easy classes as one target more.
 *
 * @param hardClasses - the label dictionary: position is the extension's index
 */
export function trainExtension(
  training: Training,
  main: FrozenMain,
  hardClasses: readonly number[],
): Promise<TrainedPart> {
  const { recipe, classes } = training;
  const ofEasy = recipe.edge.notHard ? hardClasses.length : -1;
  const targetOf = identity(classes).map((classIndex) => {
    const compact = hardClasses.indexOf(classIndex);
    return compact === -1 ? ofEasy : compact;
  });
  const network = { edge: recipe.edge, hardClasses };
  return trainPlan(training, {
    ...("values" in main
      ? { part: meanetParts(recipe.edge).extension, network, frozen: main.values }
      : {
          part: extensionBehind(recipe.edge, main.features),
          network: { ...network, main: createHash("sha256").update(main.onnx).digest("hex") },
          frozenModel: cut(OnnxFile.read(main.onnx), ["F1"]).write(),
        }),
    recipe: recipe.train.extension,
    teacherClasses: hardClasses,
    targetOf,
    targets: extensionOutputs(recipe.edge),
    accuracy: (onnx) => extensionAccuracy(training, main.onnx, onnx, targetOf),
  });
}

async function trainPlan(training: Training, plan: PartPlan): Promise<TrainedPart> {
  const { recipe, labelled, split, input, threads, signal, onProgress } = training;
  const { part, frozen, targetOf } = plan;
  const { shards, frames } = recipe.batch;
  const { momentum, weightDecay, labelSmoothing, distillation } = plan.recipe;
  const batchOptions = { batch: frames, ...(frozen === undefined ? {} : { frozen }) };
  const step = buildTrainingStep(part, {
    ...batchOptions,
    momentum,
    weightDecay,
    labelSmoothing,
    ...(distillation === undefined
      ? {}
      : { distillation: { ...distillation, classes: plan.teacherClasses ?? [] } }),
  });
  const fitted = await fit({
    part,
    recipe: plan.recipe,
    step: step.onnx,
    observation: buildStatistics(part, batchOptions).onnx,
    frozen: plan.frozenModel,
    statistics: statisticCount(part.graph),
    batch: frames,
    shards,
    threads,
    labelled,
    indices: split.train.filter((index) => targetOf[labelled.labels[index]!] !== -1),
    targetOf,
    targets: plan.targets,
    input,
    seed: recipe.seed,
    initial: initialise(part, recipe.seed).theta,
    ...placeOf(training, plan),
    evaluate: (values) => plan.accuracy(buildInference(part, values)),
    onProgress,
    signal,
  });
  return { onnx: buildInference(part, fitted.values), values: fitted.values, history: historyOf(fitted) };
}

/** Where the part's checkpoint is, and fingerprints of all that determines it. */
function placeOf({ recipe, work, frames }: Training, { part, recipe: ofPart, network, frozen }: PartPlan) {
  return {
    checkpoint: `${work}/${part.name}.checkpoint`,
    frames,
    fingerprint: fingerprintOf(
      // How often a training is evaluated does not change it.
      { ...ofPart, evaluateEvery: 0, network, data: recipe.data, seed: recipe.seed, batch: recipe.batch },
      ...(frozen === undefined ? [] : [frozen.theta, frozen.statistics]),
    ),
  };
}

function historyOf({ epochs, seconds, heldOutAccuracy }: Fitted): PartHistory {
  return { epochs, seconds: Math.round(seconds), heldOutAccuracy };
}

function identity(classes: number): number[] {
  return Array.from({ length: classes }, (_, classIndex) => classIndex);
}

/** Share of the frames held out that a classifier answers rightly. */
export async function plainAccuracy(training: Training, onnx: Uint8Array, output: string): Promise<number> {
  const { labelled, split, input } = training;
  const logits = await predictPlain(onnx, output, { labelled, indices: split.heldOut, input });
  const right = logits.filter((row, index) => argmax(row) === labelled.labels[split.heldOut[index]!]);
  return right.length / logits.length;
}

async function extensionAccuracy(
  training: Training,
  main: Uint8Array,
  extension: Uint8Array,
  targetOf: readonly number[],
): Promise<number> {
  const { labelled, split, input } = training;
  const indices = split.heldOut.filter((index) => targetOf[labelled.labels[index]!] !== -1);
  const logits = await predictExtension(main, extension, { labelled, indices, input });
  const right = logits.filter((row, index) => argmax(row) === targetOf[labelled.labels[indices[index]!]!]);
  return right.length / logits.length;
}
