import { MeanetError } from "@meanet/runtime";
import type { ImageInput, WindowInput } from "./manifest.ts";

/**
 * The model's input of 8-bit planes: `(byte/255 - mean)/std` per channel.
 *
 * @param planes - n x C x H x W bytes
 * @returns n x C x H x W float32
 * @throws {MeanetError} PAYLOAD_INVALID when the length is not a whole number of frames
 */
export function toTensor(planes: Uint8Array, input: ImageInput): Float32Array<ArrayBuffer> {
  const tensor = new Float32Array(planes.length);
  normaliseInto(tensor, planes, input);
  return tensor;
}

/** {@link toTensor} into memory that is there already, of the same length as `planes`. */
export function normaliseInto(tensor: Float32Array, planes: Uint8Array, input: ImageInput): void {
  const [channels, height, width] = input.shape;
  const planeLength = height * width;
  if (planes.length % (channels * planeLength) !== 0 || planes.length !== tensor.length) {
    throw new MeanetError(
      "PAYLOAD_INVALID",
      `expected whole frames of ${input.shape.join("x")} = ${channels * planeLength} bytes, received ${planes.length}`,
      { bytes: planes.length, shape: input.shape },
    );
  }
  const tables = input.mean.map((mean, channel) => normalisation(mean, input.std[channel]!));
  for (let start = 0, plane = 0; start < planes.length; start += planeLength, plane++) {
    const table = tables[plane % channels]!;
    for (let index = start; index < start + planeLength; index++) {
      tensor[index] = table[planes[index]!]!;
    }
  }
}

/**
 * The 8-bit planes of one frame as the model sees it: what {@link toTensor} undoes, and floats beyond black and white cut off.
 *
 * @param tensor - shape [C, H, W]
 */
export function toPlanes(tensor: Float32Array, input: ImageInput): Uint8Array<ArrayBuffer> {
  const [channels, height, width] = input.shape;
  const planeLength = height * width;
  const planes = new Uint8ClampedArray(tensor.length);
  for (let index = 0; index < tensor.length; index++) {
    const channel = Math.floor(index / planeLength) % channels;
    planes[index] = (tensor[index]! * input.std[channel]! + input.mean[channel]!) * 255;
  }
  return new Uint8Array(planes.buffer);
}

function normalisation(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / std);
}

/**
 * The model's input of raw readings: `(value - mean)/std` per channel.
 *
 * @param readings - n x C x T raw values, each channel's after the other's
 * @returns n x C x 1 x T float32
 * @throws {MeanetError} PAYLOAD_INVALID when the length is not a whole number of windows
 */
export function windowTensor(readings: Float32Array, input: WindowInput): Float32Array<ArrayBuffer> {
  const tensor = new Float32Array(readings.length);
  normaliseWindowsInto(tensor, readings, input);
  return tensor;
}

/** {@link windowTensor} into memory that is there already, of the same length as `readings`. */
export function normaliseWindowsInto(tensor: Float32Array, readings: Float32Array, input: WindowInput): void {
  const [channels, length] = input.shape;
  if (readings.length % (channels * length) !== 0 || readings.length !== tensor.length) {
    throw new MeanetError(
      "PAYLOAD_INVALID",
      `expected whole windows of ${input.shape.join("x")} = ${channels * length} readings, received ${readings.length}`,
      { readings: readings.length, shape: input.shape },
    );
  }
  for (let start = 0, row = 0; start < readings.length; start += length, row++) {
    const mean = input.mean[row % channels]!;
    const std = input.std[row % channels]!;
    for (let index = start; index < start + length; index++) {
      tensor[index] = (readings[index]! - mean) / std;
    }
  }
}
