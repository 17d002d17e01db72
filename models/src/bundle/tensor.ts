import { MeanetError } from "@meanet/runtime";
import type { ImageInput } from "./manifest.ts";

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

function normalisation(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / std);
}
