/** The frames that a bundle is quantised with, and what its models are fed of them. */
import { openEngine, type TensorViews } from "@meanet/inference";
import { MeanetError } from "@meanet/runtime";
import { imageInputOf, type Manifest } from "../bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { batches, type Frames, pickMaps, pickRows, rows, view } from "../evaluation/predict.ts";
import { argmax } from "../routing.ts";
import { randomAt, shuffled } from "../training/random.ts";
import { holdOut } from "../training/split.ts";

/** All activations of a batch are held at once: few frames at a time. */
const BATCH = 20;

export interface BundleFrames {
  /** Of the training part that no choice was made on: ranges are seen on these. */
  readonly calibration: Frames;
  /** What variants are chosen by. */
  readonly heldOut: Frames;
}

/**
 * Draws calibration frames from those that the bundle was trained on.
 *
 * @throws {MeanetError} DATASET_MISSING without the training part, QUANTIZATION_REFUSED when it is not the bundle's
 */
export async function openBundleFrames(
  manifest: Pick<Manifest, "name" | "input" | "provenance">,
  dataset: Dataset,
  count: number,
): Promise<BundleFrames> {
  const input = imageInputOf(manifest, "quantisation");
  const images = await dataset.read("train");
  const { trainCount, heldOutCount, splitSeed } = manifest.provenance.data;
  if (images.shape.join() !== input.shape.join() || images.count < trainCount + heldOutCount) {
    throw new MeanetError(
      "QUANTIZATION_REFUSED",
      `${dataset.folder} holds ${images.count} training frames of ${images.shape.join("x")}; ${manifest.name} was trained on ${trainCount + heldOutCount} of ${input.shape.join("x")}: give the folder of its own data`,
      { folder: dataset.folder, bundle: manifest.name },
    );
  }
  const { train, heldOut } = holdOut(images, heldOutCount, splitSeed);
  const drawn = shuffled(train, randomAt(splitSeed)).subarray(0, count).sort();
  return {
    calibration: { images, indices: drawn, input },
    heldOut: { images, indices: heldOut, input },
  };
}

/** Inputs of main, or of the cloud's network. */
export function* frameFeeds(frames: Frames): Generator<TensorViews> {
  for (const { planes } of batches(frames, BATCH)) yield { x: view(planes, frames.input) };
}

/** Inputs of the extension as they come in service: frames that main calls hard, with main's F1. */
export async function extensionFeeds(
  main: Uint8Array,
  hardClasses: readonly number[],
  frames: Frames,
): Promise<() => Generator<TensorViews>> {
  const kept: { planes: Uint8Array; features: TensorViews[string] }[] = [];
  const engine = await openEngine({ name: "main", model: main, anyBatch: true });
  try {
    for (const { planes, count } of batches(frames, BATCH)) {
      const { outputs } = await engine.run({ x: view(planes, frames.input) });
      const hard = rows(outputs.y1!).flatMap((y1, row) => (hardClasses.includes(argmax(y1)) ? [row] : []));
      if (hard.length > 0) {
        kept.push({ planes: pickRows(planes, count, hard), features: pickMaps(outputs.F1!, hard) });
      }
    }
  } finally {
    await engine.close();
  }
  if (kept.length === 0) {
    throw new MeanetError(
      "QUANTIZATION_REFUSED",
      `main calls none of ${frames.indices.length} frames hard, so the extension cannot be calibrated; give more with --frames`,
      { frames: frames.indices.length },
    );
  }
  return function* feeds() {
    for (const { planes, features } of kept) {
      // A run takes its feeds away; these are needed again.
      yield {
        x: view(planes, frames.input),
        F1: { data: features.data.slice(), dims: features.dims },
      };
    }
  };
}
