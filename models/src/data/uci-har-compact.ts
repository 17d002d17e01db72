/**
 * The compact layout of this project: a sixth of the official archive's size, and read at once.
 *
 *     labels.txt  channels.txt                        a name a line
 *     train.f32                                       float32 little-endian, windows x channels x readings
 *     train_labels.u8  train_subjects.u8              a byte a window; labels from 0      and the same of test
 */
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import type { LabelledWindows, OfficialSplit } from "./dataset.ts";
import { corrupt, type UciHarPart, uciHarChannels, uciHarShape } from "./uci-har-part.ts";

export async function hasCompactPart(folder: string, split: OfficialSplit): Promise<boolean> {
  return access(join(folder, `${split}.f32`)).then(
    () => true,
    () => false,
  );
}

/** @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT when the channels are others, or in another order */
export async function compactClasses(folder: string): Promise<string[]> {
  const channels = await namesOf(folder, "channels.txt");
  if (channels.join() !== uciHarChannels.join()) {
    throw corrupt(
      join(folder, "channels.txt"),
      `names ${channels.join()}, expected ${uciHarChannels.join()}`,
    );
  }
  return namesOf(folder, "labels.txt");
}

/** @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT */
export async function readCompactPart(folder: string, split: OfficialSplit): Promise<UciHarPart> {
  const windowBytes = 4 * uciHarShape[0] * uciHarShape[1];
  const bytes = await sharedFile(folder, `${split}.f32`);
  if (bytes.length === 0 || bytes.length % windowBytes !== 0) {
    throw corrupt(
      join(folder, `${split}.f32`),
      `${bytes.length} bytes, expected a multiple of ${windowBytes}: windows of ${uciHarShape.join(" x ")} float32`,
    );
  }
  return {
    windows: new Float32Array(bytes.buffer),
    labels: await sharedFile(folder, `${split}_labels.u8`),
    subjects: await sharedFile(folder, `${split}_subjects.u8`),
  };
}

/** Writes some windows of a part so that {@link readCompactPart} reads them like the whole. */
export async function writeCompactPart(
  folder: string,
  split: OfficialSplit,
  classes: readonly string[],
  { windows, labels, subjects, shape }: LabelledWindows,
  indices: readonly number[],
): Promise<void> {
  const length = shape[0] * shape[1];
  const picked = new Float32Array(indices.length * length);
  for (const [position, index] of indices.entries()) {
    picked.set(windows.subarray(index * length, (index + 1) * length), position * length);
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${split}.f32`), new Uint8Array(picked.buffer));
  const bytes = (of: Uint8Array) => Uint8Array.from(indices, (index) => of[index]!);
  await writeFile(join(folder, `${split}_labels.u8`), bytes(labels));
  await writeFile(join(folder, `${split}_subjects.u8`), bytes(subjects));
  await writeFile(join(folder, "labels.txt"), `${classes.join("\n")}\n`);
  await writeFile(join(folder, "channels.txt"), `${uciHarChannels.join("\n")}\n`);
}

async function namesOf(folder: string, file: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readWhole(folder, file));
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}

async function sharedFile(folder: string, file: string): Promise<Uint8Array<SharedArrayBuffer>> {
  const bytes = await readWhole(folder, file);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

async function readWhole(folder: string, file: string): Promise<Uint8Array> {
  return readFile(join(folder, file)).catch((cause: unknown) => {
    throw new MeanetError(
      "DATASET_MISSING",
      `${folder} has no ${file}, which belongs to the compact layout of UCI HAR`,
      { folder, file },
      { cause },
    );
  });
}
