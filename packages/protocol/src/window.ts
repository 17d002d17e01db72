import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import type { Codec } from "./codec.ts";

/** A sensor window, shape [C, T], channel after channel. */
export interface SensorWindow {
  readonly channels: number;
  readonly values: Float32Array;
}

const rows = z.array(z.array(z.number()));

/**
 * Payload of `{device}/window`: float32 little-endian, C·T values, or JSON `[[…T numbers], … C rows]`.
 * JSON is text that begins with `[`; a window of floats is never printable text from end to end.
 *
 * @param channels - C, from the model's input
 * @throws {MeanetError} PAYLOAD_INVALID when the size does not divide into C channels of equal length
 */
export function windowCodec(channels: number): Codec<SensorWindow> {
  return {
    encode({ values }) {
      const payload = Buffer.alloc(values.length * 4);
      for (const [index, value] of values.entries()) payload.writeFloatLE(value, index * 4);
      return payload;
    },
    decode(payload) {
      const values = isJson(payload) ? fromJson(payload) : fromFloats(payload);
      if (values.length === 0 || values.length % channels !== 0) {
        throw new MeanetError(
          "PAYLOAD_INVALID",
          `window of ${values.length} values does not divide into ${channels} channels`,
        );
      }
      if (!values.every(Number.isFinite)) {
        throw new MeanetError("PAYLOAD_INVALID", "window holds a value that is not finite");
      }
      return { channels, values };
    },
  };
}

function isJson(payload: Uint8Array): boolean {
  return (
    payload[0] === 0x5b &&
    payload.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d))
  );
}

function fromFloats(payload: Uint8Array): Float32Array {
  if (payload.byteLength % 4 !== 0) {
    throw new MeanetError("PAYLOAD_INVALID", `window of ${payload.byteLength} bytes is not a row of float32`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return Float32Array.from({ length: payload.byteLength / 4 }, (_, index) =>
    view.getFloat32(index * 4, true),
  );
}

function fromJson(payload: Uint8Array): Float32Array {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch (cause) {
    throw new MeanetError("PAYLOAD_INVALID", "window is neither JSON rows nor float32", {}, { cause });
  }
  const parsed = rows.safeParse(value);
  const width = parsed.data?.[0]?.length;
  if (!parsed.success || parsed.data.some((row) => row.length !== width)) {
    throw new MeanetError("PAYLOAD_INVALID", "JSON window must be rows of numbers, all of the same length");
  }
  return Float32Array.from(parsed.data.flat());
}
