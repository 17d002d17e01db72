/**
 * `reference.bin`: a few labelled frames of the bundle's own data, which no gradient of its training saw. An edge that learns in
 * service replays some of them, so that it does not forget, and judges every candidate by the others.
 *
 * N little-endian uint16 class indices, then N frames as they come to a node: bytes of an image, float32 little-endian of a window.
 */

import { MeanetError } from "@meanet/runtime";
import type { LabelledFrames } from "../data/dataset.ts";
import { elementCount } from "../element-count.ts";
import { randomAt, shuffled } from "../training/random.ts";
import { type Bundle, fileEntryOf, loadBundle } from "./bundle.ts";
import { type Manifest, type ModelInput, manifestSchema, readManifest } from "./manifest.ts";
import { replaceFile } from "./place.ts";
import { toTensor, windowTensor } from "./tensor.ts";

const REFERENCE_FILE = "reference.bin";
const LABEL_BYTES = 2;

/** Labelled frames before normalisation: bytes of images, or raw readings of windows. */
export interface RawFrames {
  /** Class indices, N. */
  readonly labels: readonly number[];
  /** N frames, one after the other. */
  readonly frames: Uint8Array | Float32Array;
}

/** Labelled inputs as a model takes them. */
export interface LabelledTensors {
  /** Class indices, N. */
  readonly labels: readonly number[];
  /** N frames, normalised, one after the other. */
  readonly tensors: Float32Array;
}

/** The bytes of `reference.bin`. */
export function encodeReference({ labels, frames }: RawFrames): Uint8Array {
  const head = Buffer.alloc(labels.length * LABEL_BYTES);
  for (const [position, label] of labels.entries()) head.writeUInt16LE(label, position * LABEL_BYTES);
  if (frames instanceof Uint8Array) return Buffer.concat([head, frames]);
  const body = Buffer.alloc(frames.length * 4);
  for (const [position, value] of frames.entries()) body.writeFloatLE(value, position * 4);
  return Buffer.concat([head, body]);
}

/**
 * The reference frames of a bundle, ready for its models; undefined when it has none.
 *
 * @throws {MeanetError} BUNDLE_INVALID when length or classes do not fit the manifest
 */
export function readReference({ manifest, files, dir }: Bundle): LabelledTensors | undefined {
  const bytes = files.reference;
  const entry = manifest.files.reference;
  if (bytes === undefined || entry === undefined) return undefined;
  const { input } = manifest;
  const values = entry.items * frameLength(input);
  const expected = entry.items * LABEL_BYTES + values * (input.kind === "image" ? 1 : 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const labels = Array.from({ length: entry.items }, (_, position) =>
    bytes.length === expected ? view.getUint16(position * LABEL_BYTES, true) : manifest.classes.length,
  );
  if (labels.some((label) => label >= manifest.classes.length)) {
    throw new MeanetError(
      "BUNDLE_INVALID",
      `${REFERENCE_FILE} of ${dir}: expected ${entry.items} labelled frames of ${input.shape.join("x")} in ${expected} bytes; it has ${bytes.length}, or a class that is none`,
      { dir, expected, bytes: bytes.length },
    );
  }
  const body = entry.items * LABEL_BYTES;
  if (input.kind === "image") return { labels, tensors: toTensor(bytes.subarray(body), input) };
  const readings = Float32Array.from({ length: values }, (_, position) =>
    view.getFloat32(body + position * 4, true),
  );
  return { labels, tensors: windowTensor(readings, input) };
}

/**
 * Draws reference frames: of each class the same number, or all where there are fewer.
 *
 * @param indices - of the frames to draw from: held-out ones
 */
export function drawReference(
  labelled: LabelledFrames,
  indices: Uint32Array,
  { perClass, seed }: { readonly perClass: number; readonly seed: number },
): RawFrames {
  const taken = new Map<number, number>();
  const drawn = Array.from(shuffled(indices, randomAt(seed, 0x7ef))).filter((index) => {
    const label = labelled.labels[index]!;
    const before = taken.get(label) ?? 0;
    taken.set(label, before + 1);
    return before < perClass;
  });
  drawn.sort((a, b) => labelled.labels[a]! - labelled.labels[b]! || a - b);
  const length = elementCount(labelled.shape);
  const frames =
    labelled.kind === "image"
      ? joined(new Uint8Array(drawn.length * length), labelled.images, drawn, length)
      : joined(new Float32Array(drawn.length * length), labelled.windows, drawn, length);
  return { labels: drawn.map((index) => labelled.labels[index]!), frames };
}

function joined<T extends Uint8Array | Float32Array>(
  into: T,
  from: { subarray(start: number, end: number): ArrayLike<number> },
  indices: readonly number[],
  length: number,
): T {
  for (const [row, index] of indices.entries()) {
    into.set(from.subarray(index * length, (index + 1) * length), row * length);
  }
  return into;
}

/**
 * How many reference frames of each class, so that the file stays small: 100 of few classes, 5 of many. Half of them are replayed
 * and half judge: on 10 classes 20 of each made one frame in a hundred decide whether a candidate goes live.
 */
export function referencePerClass(classes: number): number {
  return classes <= 20 ? 100 : 5;
}

/**
 * Gives a bundle that was made without them its reference frames, in the place of those that it may have. The manifest, which
 * names the file, is replaced last.
 *
 * @throws {MeanetError} BUNDLE_…
 */
export async function addReference(dir: string, raw: RawFrames): Promise<Bundle> {
  const manifest = await readManifest(dir);
  const bytes = encodeReference(raw);
  const next: Manifest = manifestSchema.parse({
    ...manifest,
    files: {
      ...manifest.files,
      reference: { ...fileEntryOf(REFERENCE_FILE, bytes), items: raw.labels.length },
    },
  });
  for (const [file, content] of [
    [REFERENCE_FILE, bytes],
    ["manifest.json", `${JSON.stringify(next, undefined, 2)}\n`],
  ] as const) {
    await replaceFile(dir, file, content);
  }
  return loadBundle(dir);
}

/** Values of one frame. */
function frameLength(input: ModelInput): number {
  return elementCount(input.shape);
}
