/**
 * IDX, the file format of MNIST and its kin: a big-endian header, then the bytes of an array in C order.
 *
 *     00 00 | type 08 = uint8 | number of dimensions | each dimension, uint32 | data
 */

import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { MeanetError } from "@meanet/runtime";
import { elementCount } from "../element-count.ts";

const gunzipAsync = promisify(gunzip);
const gzipAsync = promisify(gzip);

const UINT8 = 0x08;

/** An array of unsigned bytes and its dimensions, outermost first. */
export interface IdxArray {
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Reads an IDX array of unsigned bytes.
 *
 * @param bytes - the whole file, not compressed
 * @param name - how the error calls the file
 * @throws {MeanetError} DATASET_CORRUPT
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0 || view.getUint8(2) !== UINT8 || view.getUint8(3) === 0) {
    throw corrupt(name, "it does not begin with the header of an IDX array of unsigned bytes");
  }
  const rank = view.getUint8(3);
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    throw corrupt(name, `its header ends after ${bytes.length} bytes, expected ${headerBytes}`);
  }
  const dims = Array.from({ length: rank }, (_, index) => view.getUint32(4 + 4 * index));
  const expected = elementCount(dims);
  const data = bytes.subarray(headerBytes);
  if (data.length !== expected) {
    throw corrupt(name, `its header says ${dims.join("x")} = ${expected} bytes, ${data.length} follow`);
  }
  return { dims, data };
}

/** Writes an array as the bytes of an IDX file, the inverse of {@link parseIdx}. */
export function formatIdx(array: IdxArray): Uint8Array {
  const headerBytes = 4 + 4 * array.dims.length;
  const bytes = new Uint8Array(headerBytes + array.data.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(2, UINT8);
  view.setUint8(3, array.dims.length);
  for (const [index, dim] of array.dims.entries()) {
    view.setUint32(4 + 4 * index, dim);
  }
  bytes.set(array.data, headerBytes);
  return bytes;
}

/**
 * Unpacks gzip; bytes that do not begin like gzip are returned as they are.
 *
 * @throws {MeanetError} DATASET_CORRUPT when the stream is damaged or cut off
 */
export async function unpack(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    return bytes;
  }
  try {
    return await gunzipAsync(bytes);
  } catch (cause) {
    throw corrupt(name, `its gzip stream is damaged (${(cause as Error).message})`, cause);
  }
}

/** Packs bytes with gzip at its best level; the same bytes give the same file (no time, no name in the header). */
export function pack(bytes: Uint8Array): Promise<Uint8Array> {
  return gzipAsync(bytes, { level: 9 });
}

function corrupt(name: string, reason: string, cause?: unknown): MeanetError {
  return new MeanetError(
    "DATASET_CORRUPT",
    `${name}: ${reason}; fetch the file again`,
    { file: name },
    { cause },
  );
}
