/**
 * From a recipe to a bundle:
 *
 *     main ─▶ hard classes, by precision on held-out frames ─▶ extension, main frozen ─▶ cloud ─▶ rule and threshold ─▶ bundle
 *
 * Held-out frames decide everything; the official test set only fills the card.
 */
import { appendFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { type Bundle, type BundleContent, writeBundle } from "../bundle/bundle.ts";
import { bundleCard } from "../bundle/card.ts";
import { makeGolden } from "../bundle/golden.ts";
import { toTensor } from "../bundle/tensor.ts";
import type { Dataset } from "../data/dataset.ts";
import { evaluate } from "../evaluation/evaluate.ts";
import { predictEdge, predictPlain } from "../evaluation/predict.ts";
import { count } from "../networks/index.ts";
import { argmax } from "../routing.ts";
import { choose } from "./choose.ts";
import { classPrecision, hardestClasses } from "./hard-classes.ts";
import { type Training, trainCloud, trainExtension, trainMain } from "./parts.ts";
import type { PartName, TrainingProgress } from "./progress.ts";
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
 * @throws {MeanetError} TRAINING_ABORTED, TRAINING_FAILED, CHECKPOINT_MISMATCH, RECIPE_INVALID, DATASET_MISSING, DATASET_CORRUPT
 */
export async function train(recipe: Recipe, options: TrainOptions): Promise<Bundle> {
  const training = await prepare(recipe, options);
  const main = await trainMain(training);
  const heldOut = { images: training.images, indices: training.split.heldOut, input: training.input };
  const labels = Array.from(heldOut.indices, (index) => training.images.labels[index]!);

  const predicted = (await predictPlain(main.onnx, "y1", heldOut)).map(argmax);
  const precision = classPrecision({ predicted, labels }, options.data.classes.length);
  const hardClasses = hardestClasses(precision, recipe.edge.hardClasses);

  const extension = await trainExtension(training, main, hardClasses);
  const cloud = await trainCloud(training);

  const edge = await predictEdge({ main: main.onnx, extension: extension.onnx, hardClasses }, heldOut);
  const { decision, threshold } = choose(labels, edge, hardClasses, recipe.decision);
  const blocks = { ...count(recipe.edge), ...count(recipe.cloud) };
  const manifest: BundleContent["manifest"] = {
    name: recipe.name,
    version: recipe.version,
    input: training.input,
    classes: options.data.classes,
    hardClasses,
    threshold,
    decision,
    blocks,
    provenance: {
      data: {
        name: options.data.name,
        licence: options.data.licence,
        trainCount: training.split.train.length,
        heldOutCount: training.split.heldOut.length,
        splitSeed: recipe.seed,
      },
      recipe: JSON.parse(JSON.stringify(recipe)),
      parts: { main: main.history, extension: extension.history, cloud: cloud.history },
      machine: machine(),
      createdAt: new Date().toISOString(),
    },
  };
  const files = { main: main.onnx, extension: extension.onnx, cloud: cloud.onnx };
  return writeBundle(options.out, {
    manifest,
    files,
    beside: await texts(manifest, files, training, options.data),
  });
}

/**
 * Trains main or the cloud's network into its checkpoint and writes no bundle: {@link train} finds them done later. So the
 * parts can be trained at different times, and the long one first.
 *
 * @throws {MeanetError} as {@link train}
 */
export async function trainPart(
  part: Extract<PartName, "main" | "cloud">,
  recipe: Recipe,
  options: Omit<TrainOptions, "out">,
): Promise<void> {
  const training = await prepare(recipe, options);
  await (part === "main" ? trainMain(training) : trainCloud(training));
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
