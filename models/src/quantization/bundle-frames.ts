/** The frames that a bundle is quantised with, and what its models are fed of them. */
import { openEngine, type TensorView, type TensorViews } from "@meanet/inference";
import { MeanetError } from "@meanet/runtime";
import type { Manifest } from "../bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { gather } from "../data/gather.ts";
import { requireSameFrames, splitOf } from "../evaluation/frames.ts";
import { type Frames, pickMaps, rows } from "../evaluation/predict.ts";
import { argmax } from "../routing.ts";
import { randomAt, shuffled } from "../training/random.ts";

/** All activations of a batch are held at once: few frames at a time. */
const BATCH = 20;

export interface BundleFrames {
  /** Of those that the bundle learned from: ranges are seen on these. */
  readonly calibration: Frames;
  /** What variants are chosen by. */
  readonly heldOut: Frames;
}

/**
 * Draws calibration frames from those that the bundle was trained on.
 *
 * @throws {MeanetError} DATASET_MISSING without the training part, QUANTIZATION_REFUSED when it is not the bundle's; DATASET_CHANGED
 * when which of them were held out is no longer known
 */
export async function openBundleFrames(
  { name, input, provenance }: Pick<Manifest, "name" | "input" | "provenance">,
  dataset: Dataset,
  count: number,
): Promise<BundleFrames> {
  const labelled = await dataset.read("train");
  const { trainCount, heldOutCount, splitSeed } = provenance.data;
  const learned = trainCount + heldOutCount;
  if (labelled.shape.join() !== input.shape.join() || labelled.count < learned) {
    throw new MeanetError(
      "QUANTIZATION_REFUSED",
      `${dataset.folder} holds ${labelled.count} training frames of ${labelled.shape.join("x")}; ${name} was made of ${learned} of ${input.shape.join("x")}: give the folder of its own data`,
      { folder: dataset.folder, bundle: name },
    );
  }
  requireSameFrames(labelled, dataset.folder, provenance);
  const { train, heldOut } = splitOf(labelled, provenance);
  const drawn = shuffled(train, randomAt(splitSeed)).subarray(0, count).sort();
  return {
    calibration: { labelled, indices: drawn, input },
    heldOut: { labelled, indices: heldOut, input },
  };
}

/** The first frames as a model's input `x`. */
export function firstFrames({ labelled, indices, input }: Frames, count: number): TensorView {
  return gather(labelled, indices.subarray(0, count), input);
}

/** Inputs of main, or of the cloud's network. */
export function* frameFeeds(frames: Frames): Generator<TensorViews> {
  for (const batch of batches(frames.indices)) yield { x: gather(frames.labelled, batch, frames.input) };
}

/**
 * Inputs of the extension as they come in service: frames that main calls hard, with main's F1.
 *
 * @throws {MeanetError} QUANTIZATION_REFUSED when main calls none of them hard
 */
export async function extensionFeeds(
  main: Uint8Array,
  hardClasses: readonly number[],
  { labelled, indices, input }: Frames,
): Promise<() => Generator<TensorViews>> {
  const kept: { readonly hard: Uint32Array; readonly features: TensorView }[] = [];
  const engine = await openEngine({ name: "main", model: main, anyBatch: true });
  try {
    for (const batch of batches(indices)) {
      const { outputs } = await engine.run({ x: gather(labelled, batch, input) });
      const picked = rows(outputs.y1!).flatMap((y1, row) => (hardClasses.includes(argmax(y1)) ? [row] : []));
      if (picked.length === 0) continue;
      kept.push({
        hard: Uint32Array.from(picked, (row) => batch[row]!),
        features: pickMaps(outputs.F1!, picked),
      });
    }
  } finally {
    await engine.close();
  }
  if (kept.length === 0) {
    throw new MeanetError(
      "QUANTIZATION_REFUSED",
      `main calls none of ${indices.length} frames hard, so the extension cannot be calibrated; give more with --frames`,
      { frames: indices.length },
    );
  }
  return function* feeds() {
    for (const { hard, features } of kept) {
      // A run takes its feeds away; these are needed again.
      yield {
        x: gather(labelled, hard, input),
        F1: { data: features.data.slice(), dims: features.dims },
      };
    }
  };
}

function* batches(indices: Uint32Array): Generator<Uint32Array> {
  for (let start = 0; start < indices.length; start += BATCH) yield indices.subarray(start, start + BATCH);
}
