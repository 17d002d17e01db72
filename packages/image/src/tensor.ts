import { MeanetError } from "@meanet/runtime";
import { decodeImage, type ImageFormat, type ImageLimits, type ImageShape } from "./decode-image.ts";

/** How a model wants its pictures: part of its bundle. */
export interface ImageInput {
  readonly shape: ImageShape;
  /** Per channel, of values in [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * `(byte / 255 - mean) / std`, per channel.
 *
 * @param planes - shape [C, H, W]
 * @returns shape [C, H, W]
 */
export function toTensor(planes: Uint8Array, { shape, mean, std }: ImageInput): Float32Array<ArrayBuffer> {
  const [channels, height, width] = shape;
  const size = height * width;
  const tensor = new Float32Array(channels * size);
  for (let channel = 0; channel < channels; channel++) {
    const scale = 1 / (255 * std[channel]!);
    const shift = mean[channel]! / std[channel]!;
    for (let index = channel * size; index < (channel + 1) * size; index++) {
      tensor[index] = planes[index]! * scale - shift;
    }
  }
  return tensor;
}

/**
 * The model's input from a payload without a picture format: C·H·W unsigned bytes, or C·H·W float32 little-endian that are
 * normalised already.
 *
 * @throws {MeanetError} WRONG_SIZE naming both sizes; IMAGE_UNDECODABLE for a float that is not finite
 */
export function readRaw(payload: Uint8Array, input: ImageInput): Float32Array<ArrayBuffer> {
  const values = input.shape.reduce((product, length) => product * length, 1);
  if (payload.byteLength === values) return toTensor(payload, input);
  if (payload.byteLength !== values * Float32Array.BYTES_PER_ELEMENT) {
    const shape = input.shape.join("x");
    throw new MeanetError(
      "WRONG_SIZE",
      `${payload.byteLength} bytes: neither JPEG, PNG nor WebP, nor a raw ${shape} tensor of ${values} bytes or ${values * 4} bytes (float32)`,
      { bytes: payload.byteLength, expected: [values, values * 4] },
    );
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const tensor = new Float32Array(values);
  for (let index = 0; index < values; index++) {
    const value = view.getFloat32(index * 4, true);
    if (!Number.isFinite(value)) {
      throw new MeanetError("IMAGE_UNDECODABLE", `value ${index} of the raw float32 tensor is ${value}`, {
        index,
      });
    }
    tensor[index] = value;
  }
  return tensor;
}

/**
 * The model's input from a frame as it came.
 *
 * @param format - by magic bytes; raw bytes that happen to begin like a picture are taken as raw when their size fits
 * @returns shape [C, H, W]
 * @throws {MeanetError} IMAGE_TOO_LARGE, IMAGE_UNDECODABLE, WRONG_SIZE
 */
export async function decodeFrame(
  payload: Uint8Array,
  options: {
    readonly format: ImageFormat | "raw";
    readonly input: ImageInput;
    readonly limits: ImageLimits;
  },
): Promise<Float32Array<ArrayBuffer>> {
  const { format, input, limits } = options;
  if (format === "raw") return readRaw(payload, input);
  try {
    return toTensor(await decodeImage(payload, { format, shape: input.shape, limits }), input);
  } catch (error) {
    const values = input.shape.reduce((product, length) => product * length, 1);
    if (payload.byteLength === values || payload.byteLength === values * 4) return readRaw(payload, input);
    throw error;
  }
}
