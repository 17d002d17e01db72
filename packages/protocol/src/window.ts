import { MeanetError } from "@meanet/runtime/error";
import { z } from "zod";

/** Channels and readings of each. */
export type WindowShape = readonly [channels: number, readings: number];

const rows = z.array(z.array(z.number()));

/** Text of a number with all its digits has 24 characters, and a writer may put each on a line of its own. */
const MAX_TEXT_BYTES_PER_VALUE = 64;
/** What may stand around them all. */
const MAX_TEXT_BYTES_AROUND = 1024;

/** Payload of `{device}/window`: float32 little-endian, channel after channel. @param readings - C·T raw values */
export function encodeWindow(readings: Float32Array): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(readings.length * 4);
  const view = new DataView(payload.buffer);
  for (const [index, value] of readings.entries()) view.setFloat32(index * 4, value, true);
  return payload;
}

/**
 * The raw values of a `{device}/window`: float32 little-endian, or JSON `[[…T numbers], … C rows]`.
 *
 * Text is JSON; of a payload that has the size of the floats, only text that begins as JSON does.
 *
 * @param shape - [C, T] of the model's input
 * @returns C·T values, channel after channel
 * @throws {MeanetError} WRONG_SIZE naming both sizes; PAYLOAD_INVALID for broken JSON and values that are not finite
 */
export function decodeWindow(payload: Uint8Array, shape: WindowShape): Float32Array<ArrayBuffer> {
  const [channels, readings] = shape;
  const count = channels * readings;
  // Before it is looked at: megabytes of numbers in text would hold up everything else for seconds.
  if (payload.byteLength > count * MAX_TEXT_BYTES_PER_VALUE + MAX_TEXT_BYTES_AROUND) {
    throw wrongSize(`${payload.byteLength} bytes`, shape);
  }
  const values = isJson(payload, count * 4) ? fromJson(payload, shape) : fromFloats(payload, shape);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new MeanetError("PAYLOAD_INVALID", `value ${wrong} of the window is ${values[wrong]}`, {
      index: wrong,
    });
  }
  return values;
}

function isJson(payload: Uint8Array, floatBytes: number): boolean {
  const first = payload.find((byte) => !isSpace(byte));
  if (first === undefined || (payload.byteLength === floatBytes && first !== 0x5b)) return false;
  return payload.every((byte) => (byte > 0x20 && byte < 0x7f) || isSpace(byte));
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function fromFloats(payload: Uint8Array, shape: WindowShape): Float32Array<ArrayBuffer> {
  const count = shape[0] * shape[1];
  if (payload.byteLength !== count * 4) {
    throw wrongSize(`${payload.byteLength} bytes`, shape);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return Float32Array.from({ length: count }, (_, index) => view.getFloat32(index * 4, true));
}

function fromJson(payload: Uint8Array, shape: WindowShape): Float32Array<ArrayBuffer> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch (cause) {
    throw new MeanetError(
      "PAYLOAD_INVALID",
      `window of ${payload.byteLength} bytes is broken JSON; expected ${formsOf(shape)}`,
      {},
      { cause },
    );
  }
  const parsed = rows.safeParse(value);
  const width = parsed.data?.[0]?.length ?? 0;
  if (!parsed.success || parsed.data.some((row) => row.length !== width)) {
    throw new MeanetError("PAYLOAD_INVALID", "JSON window must be rows of numbers, all of the same length");
  }
  if (parsed.data.length !== shape[0] || width !== shape[1]) {
    throw wrongSize(`JSON rows of ${parsed.data.length}x${width}`, shape);
  }
  return Float32Array.from(parsed.data.flat());
}

function wrongSize(received: string, shape: WindowShape): MeanetError {
  return new MeanetError("WRONG_SIZE", `window of ${received}, expected ${formsOf(shape)}`, {
    received,
    shape,
  });
}

function formsOf([channels, readings]: WindowShape): string {
  return `${channels}x${readings} values: ${channels * readings * 4} bytes of float32, or ${channels} JSON rows of ${readings} numbers`;
}
