import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabelledFrames, LabelledImages } from "./dataset.ts";
import { fashionMnistFiles } from "./fashion-mnist.ts";
import { formatIdx, pack } from "./idx.ts";

/**
 * The first `perClass` frames of each class, in their official order.
 *
 * @returns indices into `frames`, ascending
 */
export function balancedIndices(frames: LabelledFrames, perClass: number): number[] {
  const taken = new Map<number, number>();
  const indices: number[] = [];
  for (const [index, label] of frames.labels.entries()) {
    const count = taken.get(label) ?? 0;
    if (count < perClass) {
      taken.set(label, count + 1);
      indices.push(index);
    }
  }
  return indices;
}

/** Writes a part of the official test set as gzipped IDX files, which `openDataset` reads like the whole. */
export async function writeTestSample(
  images: LabelledImages,
  indices: readonly number[],
  folder: string,
): Promise<void> {
  const [, height, width] = images.shape;
  const imageBytes = height * width;
  const data = new Uint8Array(indices.length * imageBytes);
  for (const [position, index] of indices.entries()) {
    data.set(images.images.subarray(index * imageBytes, (index + 1) * imageBytes), position * imageBytes);
  }
  const labels = Uint8Array.from(indices, (index) => images.labels[index]!);
  await mkdir(folder, { recursive: true });
  const { images: imagesFile, labels: labelsFile } = fashionMnistFiles.test;
  await writeFile(
    join(folder, `${imagesFile.file}.gz`),
    await pack(formatIdx({ dims: [indices.length, height, width], data })),
  );
  await writeFile(
    join(folder, `${labelsFile.file}.gz`),
    await pack(formatIdx({ dims: [labels.length], data: labels })),
  );
}
