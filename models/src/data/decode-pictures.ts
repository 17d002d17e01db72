/** Picture files to planes of one shape, in shared memory of a bounded size. */

import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { decodeImage, type ImageShape } from "@meanet/image";
import { MeanetError } from "@meanet/runtime";
import { elementCount } from "../element-count.ts";
import type { PictureFile } from "./picture-files.ts";

/** Beyond what a camera sends; a file of more is no picture to learn from, or a bomb. */
const LIMITS = { maxBytes: 64 * 2 ** 20, maxPixels: 100_000_000 };
/** Of the free memory: training needs some too. */
const SHARE_OF_MEMORY = 0.75;

interface Wanted {
  readonly folder: string;
  readonly pictures: number;
  readonly shape: ImageShape;
  /** Left out: {@link SHARE_OF_MEMORY} of what is free. */
  readonly maxBytes?: number | undefined;
}

/**
 * Shared memory for the planes of all pictures of a part. Refused before any is decoded: a machine that runs out of it ends whatever
 * runs there, without a word.
 *
 * @throws {MeanetError} DATASET_TOO_LARGE
 */
export function memoryFor({
  folder,
  pictures,
  shape,
  maxBytes = Math.floor(process.availableMemory() * SHARE_OF_MEMORY),
}: Wanted): Uint8Array<SharedArrayBuffer> {
  const bytes = pictures * elementCount(shape);
  const tooLarge = (cause?: unknown) =>
    new MeanetError(
      "DATASET_TOO_LARGE",
      `${folder}: ${pictures} pictures take ${megabytes(Math.ceil(bytes / 1e6))} of memory as ${shape.join("x")}, at most ${megabytes(Math.floor(maxBytes / 1e6))} are free for them; give fewer, or a network of smaller frames, or a machine with more memory`,
      { folder, bytes, maxBytes },
      { cause },
    );
  if (bytes > maxBytes) throw tooLarge();
  try {
    return new Uint8Array(new SharedArrayBuffer(bytes));
  } catch (cause) {
    throw tooLarge(cause);
  }
}

/**
 * Decodes each file into its place of `images`.
 *
 * @param onDecoded - told how many are done, those that cannot be read too
 * @returns those that cannot be read, in their order, and why
 */
export async function decodeAll(
  files: readonly PictureFile[],
  images: Uint8Array,
  shape: ImageShape,
  onDecoded?: (decoded: number) => void,
): Promise<ReadonlyMap<PictureFile, string>> {
  const failed = new Map<PictureFile, string>();
  const length = elementCount(shape);
  const remaining = files.entries();
  let decoded = 0;
  const decodeRemaining = async () => {
    for (const [place, file] of remaining) {
      try {
        images.set(await decodeImage(await readFile(file.path), { shape, limits: LIMITS }), place * length);
      } catch (error) {
        const [reason = ""] = String(error instanceof Error ? error.message : error).split("\n");
        failed.set(file, reason);
      }
      onDecoded?.(++decoded);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, decodeRemaining));
  return new Map(files.flatMap((file) => (failed.has(file) ? [[file, failed.get(file)!]] : [])));
}

/** The pictures that are not left out, moved together in the same memory. */
export function closeGaps(
  images: Uint8Array<SharedArrayBuffer>,
  files: readonly PictureFile[],
  left: ReadonlyMap<PictureFile, string>,
): Uint8Array<SharedArrayBuffer> {
  const length = images.length / files.length;
  let next = 0;
  for (const [place, file] of files.entries()) {
    if (left.has(file)) continue;
    images.copyWithin(next * length, place * length, (place + 1) * length);
    next++;
  }
  return images.subarray(0, next * length);
}

function megabytes(count: number): string {
  return `${count.toLocaleString("en")} MB`;
}
