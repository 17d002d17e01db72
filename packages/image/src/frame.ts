import { MeanetError } from "@meanet/runtime";
import { decodeImage, type ImageFormat, type ImageLimits, type ImageShape } from "./decode-image.ts";

/** A frame as a model takes it, shape [C, H, W]: bytes that still have to be normalised, or floats that are. */
export type FrameValues = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/**
 * Values of a payload without a picture format: C·H·W unsigned bytes, or C·H·W float32 little-endian that are normalised
 * already.
 *
 * @throws {MeanetError} WRONG_SIZE naming both sizes; IMAGE_UNDECODABLE for a float that is not finite
 */
export function readRaw(payload: Uint8Array, shape: ImageShape): FrameValues {
  const count = countOf(shape);
  if (payload.byteLength === count) return Uint8Array.from(payload);
  if (payload.byteLength !== count * Float32Array.BYTES_PER_ELEMENT) {
    throw new MeanetError(
      "WRONG_SIZE",
      `${payload.byteLength} bytes: neither JPEG, PNG nor WebP, nor a raw ${shape.join("x")} tensor of ${count} bytes or ${count * 4} bytes (float32)`,
      { bytes: payload.byteLength, expected: [count, count * 4] },
    );
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const value = view.getFloat32(index * 4, true);
    if (!Number.isFinite(value)) {
      throw new MeanetError("IMAGE_UNDECODABLE", `value ${index} of the raw float32 tensor is ${value}`, {
        index,
      });
    }
    values[index] = value;
  }
  return values;
}

/**
 * Values of a frame as it came.
 *
 * @param format - by magic bytes; raw bytes that happen to begin like a picture are taken as raw when their size fits
 * @throws {MeanetError} IMAGE_TOO_LARGE, IMAGE_UNDECODABLE, WRONG_SIZE
 */
export async function decodeFrame(
  payload: Uint8Array,
  options: {
    readonly format: ImageFormat | "raw";
    readonly shape: ImageShape;
    readonly limits: ImageLimits;
  },
): Promise<FrameValues> {
  const { format, shape, limits } = options;
  if (format === "raw") return readRaw(payload, shape);
  try {
    return await decodeImage(payload, { format, shape, limits });
  } catch (error) {
    const count = countOf(shape);
    if (payload.byteLength === count || payload.byteLength === count * 4) return readRaw(payload, shape);
    throw error;
  }
}

function countOf(shape: ImageShape): number {
  return shape.reduce((product, length) => product * length, 1);
}
