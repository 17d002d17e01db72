/**
 * From a recipe to a bundle:
 *
 *     main ─▶ hard classes, by precision on held-out frames ─▶ extension, main frozen ─▶ cloud ─▶ rule and threshold ─▶ bundle
 *
 * Main may be that of another bundle, and the cloud's network may be left out.
 *
 * Held-out frames decide everything; the official test set only fills the card.
 */
import { appendFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { type Bundle, type BundleContent, type BundlePart, writeBundle } from "../bundle/bundle.ts";
import { bundleCard } from "../bundle/card.ts";
import { makeGolden } from "../bundle/golden.ts";
import { toTensor } from "../bundle/tensor.ts";
import type { Dataset } from "../data/dataset.ts";
import { evaluate } from "../evaluation/evaluate.ts";
import { predictEdge, predictPlain } from "../evaluation/predict.ts";
import { count } from "../networks/index.ts";
import { argmax } from "../routing.ts";
import { choose } from "./choose.ts";
import { classPrecision, hardestClasses, randomClasses } from "./hard-classes.ts";
import { mainFrom } from "./main-from.ts";
import {
  type TrainedPart,
  type Training,
  trainCloud,
  trainExtension,
  trainedMain,
  trainMain,
} from "./parts.ts";
import type { TrainingProgress } from "./progress.ts";
import { randomAt, shuffled } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { channelMoments, holdOut } from "./split.ts";

export interface TrainOptions {
  /** The bundle's folder; what is there is replaced at the end. */
  readonly out: string;
  readonly data: Dataset;
  /** Folder of checkpoints and of `log.jsonl`. Default `.meanet/training/{name of the recipe}`. */
  readonly work?: string | undefined;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Stops after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Worker threads; does not change the result. Default: as many as the recipe has shards. */
  readonly threads?: number | undefined;
}

/** Frames that `golden.json` keeps. */
const GOLDEN_FRAMES = 4;

/**
 * Trains a bundle, or goes on where a training stopped.
 *
 * @throws {MeanetError} TRAINING_ABORTED, TRAINING_FAILED, CHECKPOINT_MISMATCH, RECIPE_INVALID, DATASET_MISSING, DATASET_CORRUPT;
 * RECIPE_MISMATCH when main is another bundle's that does not fit
 */
export async function train(recipe: Recipe, options: TrainOptions): Promise<Bundle> {
  const training = await prepare(recipe, options);
  const taken = await takenMain(training, options.data);
  const main = taken ?? (await trainMain(training));
  const hardClasses = await hardClassesOf(training, main);
  const extension = await trainExtension(training, main, hardClasses);
  const cloud = recipe.cloud === undefined ? undefined : await trainCloud(training);

  const heldOut = heldOutOf(training);
  const edge = await predictEdge({ main: main.onnx, extension: extension.onnx, hardClasses }, heldOut);
  const { settings, threshold, fit } = choose(heldOut.labels, edge, hardClasses, recipe.decision);
  const { fusionWeight, temperatures } = settings;
  const manifest: BundleContent["manifest"] = {
    name: recipe.name,
    version: recipe.version,
    input: training.input,
    classes: options.data.classes,
    hardClasses,
    threshold,
    decision: settings.rule,
    ...(fusionWeight === undefined ? {} : { fusionWeight }),
    ...(temperatures === undefined ? {} : { temperatures }),
    ...(recipe.edge.notHard ? { notHard: true } : {}),
    blocks: { ...count(recipe.edge), ...(recipe.cloud === undefined ? {} : count(recipe.cloud)) },
    provenance: {
      data: {
        name: options.data.name,
        licence: options.data.licence,
        trainCount: training.split.train.length,
        heldOutCount: training.split.heldOut.length,
        splitSeed: recipe.seed,
      },
      recipe: JSON.parse(JSON.stringify(recipe)),
      parts: {
        main: main.history,
        extension: extension.history,
        ...(cloud === undefined ? {} : { cloud: cloud.history }),
      },
      ...(taken === undefined ? {} : { mainFrom: taken.source }),
      rules: fit,
      machine: machine(),
      createdAt: new Date().toISOString(),
    },
  };
  const files = {
    main: main.onnx,
    extension: extension.onnx,
    ...(cloud === undefined ? {} : { cloud: cloud.onnx }),
  };
  return writeBundle(options.out, {
    manifest,
    files,
    beside: await texts(manifest, files, training, options.data),
  });
}

/**
 * Trains one part into its checkpoint and writes no bundle: {@link train} finds it done later. So the parts can be trained at
 * different times, and the long one first. The extension needs main, trained or taken from a bundle.
 *
 * @throws {MeanetError} as {@link train}; TRAINING_INCOMPLETE when the extension is to be trained before main
 */
export async function trainPart(
  part: BundlePart,
  recipe: Recipe,
  options: Omit<TrainOptions, "out">,
): Promise<void> {
  const training = await prepare(recipe, options);
  if (part === "main") {
    await trainMain(training);
  } else if (part === "cloud") {
    await trainCloud(training);
  } else {
    const main = (await takenMain(training, options.data)) ?? (await trainedMain(training));
    await trainExtension(training, main, await hardClassesOf(training, main));
  }
}

function takenMain(training: Training, data: Dataset) {
  const { mainFrom: bundle } = training.recipe;
  return bundle === undefined ? undefined : mainFrom(training, data, bundle);
}

/** The label dictionary, by the recipe's rule. */
async function hardClassesOf(training: Training, main: TrainedPart): Promise<number[]> {
  const { recipe, classes } = training;
  if (recipe.hardClassRule === "random") {
    return randomClasses(classes, recipe.edge.hardClasses, recipe.seed);
  }
  const heldOut = heldOutOf(training);
  const predicted = (await predictPlain(main.onnx, "y1", heldOut)).map(argmax);
  const precision = classPrecision({ predicted, labels: heldOut.labels }, classes);
  return hardestClasses(precision, recipe.edge.hardClasses);
}

function heldOutOf({ images, split, input }: Training) {
  const labels = Array.from(split.heldOut, (index) => images.labels[index]!);
  return { images, indices: split.heldOut, input, labels };
}

async function prepare(recipe: Recipe, options: Omit<TrainOptions, "out">): Promise<Training> {
  const work = options.work ?? join(".meanet", "training", recipe.name);
  await mkdir(work, { recursive: true });
  const images = await options.data.read("train");
  const { train: rest, heldOut } = holdOut(images, recipe.data.heldOut, recipe.seed);
  const split = { train: shuffled(rest, randomAt(recipe.seed)).subarray(0, recipe.data.use).sort(), heldOut };
  const log = join(work, "log.jsonl");
  return {
    recipe,
    images,
    split,
    input: { kind: "image", shape: images.shape, ...channelMoments(images, split.train) },
    classes: options.data.classes.length,
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

/** `golden.json`, and the card and figures on every split whose data is there. */
async function texts(
  manifest: BundleContent["manifest"],
  files: Bundle["files"],
  { recipe, images, split, input }: Training,
  data: Dataset,
): Promise<Record<string, string>> {
  const frameBytes = input.shape.reduce((product, dim) => product * dim, 1);
  const planes = Array.from(split.heldOut.subarray(0, GOLDEN_FRAMES), (index) =>
    images.images.subarray(index * frameBytes, (index + 1) * frameBytes),
  );
  const x = { data: toTensor(Buffer.concat(planes), input), dims: [GOLDEN_FRAMES, ...input.shape] };
  const bundle = { manifest, files };
  const evaluations = [await evaluate(bundle, data, "held-out")];
  if (await data.has("test")) {
    evaluations.unshift(await evaluate(bundle, data, "test"));
  }
  return {
    "golden.json": `${JSON.stringify(await makeGolden(files, x), undefined, 1)}\n`,
    "evaluation.json": `${JSON.stringify(evaluations, undefined, 1)}\n`,
    "card.md": bundleCard(manifest, evaluations, recipe.notes),
  };
}

function machine(): string {
  const processors = cpus();
  return `${processors.length} x ${processors[0]?.model.trim() ?? process.arch}, Node ${process.versions.node}`;
}
