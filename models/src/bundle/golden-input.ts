/** What a bundle's golden answers are answers to. */

import type { TensorView } from "@meanet/inference";
import type { Dataset } from "../data/dataset.ts";
import { gather } from "../data/gather.ts";
import { elementCount } from "../element-count.ts";
import type { Frames } from "../evaluation/predict.ts";
import { normal, randomAt } from "../training/random.ts";
import { inputDims, type ModelInput } from "./manifest.ts";
import { toTensor, windowTensor } from "./tensor.ts";

/** Frames that `golden.json` keeps. */
const GOLDEN_FRAMES = 4;

/** The first of the frames, normalised; drawn ones where the data set's own may not travel with a bundle. */
export function goldenInput(
  { redistributable }: Pick<Dataset, "redistributable">,
  { labelled, indices, input }: Frames,
  seed: number,
): TensorView {
  return redistributable
    ? gather(labelled, indices.subarray(0, GOLDEN_FRAMES), input)
    : drawnInput(input, seed);
}

/**
 * Frames of nobody, normalised: uniform bytes of images; of windows normal noise with the mean and deviation of each channel.
 *
 * @param seed - an integer; equal seeds give equal frames
 */
export function drawnInput(input: ModelInput, seed: number): TensorView {
  const random = randomAt(seed, 0x901d);
  const length = GOLDEN_FRAMES * elementCount(input.shape);
  const dims = [GOLDEN_FRAMES, ...inputDims(input)];
  if (input.kind === "image") {
    return {
      data: toTensor(
        Uint8Array.from({ length }, () => random.below(256)),
        input,
      ),
      dims,
    };
  }
  const [channels, readings] = input.shape;
  const raw = Float32Array.from({ length }, (_, at) => {
    const channel = Math.floor(at / readings) % channels;
    return input.mean[channel]! + input.std[channel]! * normal(random);
  });
  return { data: windowTensor(raw, input), dims };
}
