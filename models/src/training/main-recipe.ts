import { basename, dirname, relative } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { specBehind } from "../networks/index.ts";
import { featureTensor, logitsTensor } from "../onnx-file/index.ts";
import { openClassifier } from "./imported.ts";
import { parseRecipe, type Recipe } from "./recipe.ts";

export interface MainRecipeOptions {
  readonly name: string;
  /** ONNX file of a classifier made elsewhere. */
  readonly main: string;
  /** Its tensor that becomes F1. */
  readonly features?: string | undefined;
  /** Its tensor of logits; left out: its only output. */
  readonly logits?: string | undefined;
  /** Per channel, of byte/255, as it was trained; left out: 0 and 1. */
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
  /** ONNX file of the cloud's network, trained with the same normalisation; left out: none. */
  readonly cloud?: string | undefined;
  readonly data: Dataset;
  /** Left out: half of the classes. */
  readonly hardClasses?: number | undefined;
  /** Of the extension. */
  readonly epochs: number;
  /** Basic blocks of the extension. */
  readonly extensionBlocks: number;
  /** Whether frames are mirrored left to right while it learns. */
  readonly flip: boolean;
  /** Frames of the training part that no gradient sees; left out: a tenth of it, at most 5,000. */
  readonly heldOut?: number | undefined;
  /** Learn from this many of the rest only. */
  readonly frames?: number | undefined;
  readonly seed: number;
}

/** Frames of a shard: few enough that an epoch of few frames has some steps. */
const SHARD_FRAMES = [64, 32, 16, 8];
const SHARDS = 2;
/** Shards grow only while an epoch has at least so many steps. */
const LEAST_STEPS = 16;

/** Most frames held out by default: more would not make any choice better. */
const MOST_HELD_OUT = 5000;

/**
 * A recipe for an extension behind a main that was made elsewhere. Paths in it start from the folder of main.
 *
 * @throws {MeanetError} MODEL_INVALID, MODEL_UNSUPPORTED, TENSOR_UNKNOWN, RECIPE_INVALID
 */
export async function mainRecipe(options: MainRecipeOptions): Promise<Recipe> {
  const { name, main, features, logits, mean, std, cloud, data, epochs, heldOut, frames, seed } = options;
  const { file, input, tensors } = await openClassifier(main);
  const [, channels, height, width] = featureTensor(tensors, features, basename(main)).dims;
  const classes = data.classes.length;
  // Checked before the frames are read, which takes minutes for many pictures.
  logitsTensor(file, tensors, { wanted: logits, classes, name: basename(main) });
  const hardClasses = options.hardClasses ?? Math.max(2, Math.floor(classes / 2));
  const { count } = await data.read("train");
  const held = heldOut ?? Math.max(1, Math.min(MOST_HELD_OUT, Math.floor(count / 10)));
  const hardFrames = (Math.min(frames ?? count, count - held) * hardClasses) / classes;
  return parseRecipe(
    {
      name,
      version: "1.0.0",
      data: { name: data.name, heldOut: held, use: frames },
      seed,
      batch: {
        shards: SHARDS,
        frames: SHARD_FRAMES.find((size) => hardFrames >= LEAST_STEPS * SHARDS * size) ?? SHARD_FRAMES.at(-1),
      },
      edge: specBehind({
        input: input.frame,
        classes,
        hardClasses,
        features: [channels!, height!, width!],
        extensionBlocks: options.extensionBlocks,
      }),
      main: { onnx: basename(main), features, logits, mean, std },
      ...(cloud === undefined ? {} : { cloud: { onnx: relative(dirname(main), cloud) } }),
      train: {
        extension: {
          epochs,
          schedule: { kind: "one-cycle", peak: 0.1 },
          augmentation: { flip: options.flip, pad: 2 },
        },
      },
    },
    main,
  );
}
