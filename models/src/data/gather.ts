/** From labelled frames to the input of a model, whichever kind they are. */

import type { TensorView } from "@meanet/inference";
import { MeanetError } from "@meanet/runtime";
import { type ImageInput, inputDims, type ModelInput, type WindowInput } from "../bundle/manifest.ts";
import { normaliseInto, normaliseWindowsInto } from "../bundle/tensor.ts";
import { elementCount } from "../element-count.ts";
import type { LabelledFrames, LabelledImages, LabelledWindows } from "./dataset.ts";

/** Frames and the input they are for, known to be of one kind. */
export type Matched =
  | { readonly kind: "image"; readonly frames: LabelledImages; readonly input: ImageInput }
  | { readonly kind: "window"; readonly frames: LabelledWindows; readonly input: WindowInput };

/** @throws {MeanetError} INPUT_KIND_UNSUPPORTED when one is of images and the other of windows, or their shapes differ */
export function matched(frames: LabelledFrames, input: ModelInput): Matched {
  if (frames.shape.join() === input.shape.join()) {
    if (frames.kind === "image" && input.kind === "image") return { kind: "image", frames, input };
    if (frames.kind === "window" && input.kind === "window") return { kind: "window", frames, input };
  }
  throw new MeanetError(
    "INPUT_KIND_UNSUPPORTED",
    `the data set holds ${frames.kind}s of ${frames.shape.join("x")}, the model takes ${input.kind}s of ${input.shape.join("x")}`,
    { frames: frames.shape, input: input.shape },
  );
}

/** Numbers of one frame in the tensor `x`. */
export function frameLength(input: ModelInput): number {
  return elementCount(inputDims(input));
}

/** Writes one frame, normalised, into a batch: `tensor` holds just that frame. */
export function frameInto(tensor: Float32Array, { kind, frames, input }: Matched, index: number): void {
  const [start, end] = [index * tensor.length, (index + 1) * tensor.length];
  if (kind === "image") normaliseInto(tensor, frames.images.subarray(start, end), input);
  else normaliseWindowsInto(tensor, frames.windows.subarray(start, end), input);
}

/**
 * The input `x` of the frames named, normalised: [n, C, H, W] of images, [n, C, 1, T] of windows.
 *
 * @returns memory of its own, which an engine may take over
 * @throws {MeanetError} INPUT_KIND_UNSUPPORTED
 */
export function gather(frames: LabelledFrames, indices: ArrayLike<number>, input: ModelInput): TensorView {
  const pair = matched(frames, input);
  const length = frameLength(input);
  const data = new Float32Array(indices.length * length);
  for (let row = 0; row < indices.length; row++) {
    frameInto(data.subarray(row * length, (row + 1) * length), pair, indices[row]!);
  }
  return { data, dims: [indices.length, ...inputDims(input)] };
}
