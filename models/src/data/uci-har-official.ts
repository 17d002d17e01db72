/**
 * The layout of the official archive: text, one window a line in a file for each channel; labels and subjects one a line, from 1.
 *
 *     activity_labels.txt
 *     train/y_train.txt  train/subject_train.txt  train/Inertial Signals/body_acc_x_train.txt …      and the same of test
 */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import type { OfficialSplit } from "./dataset.ts";
import { corrupt, type UciHarPart, uciHarChannels, uciHarShape } from "./uci-har-part.ts";

const CLASSES_FILE = "activity_labels.txt";

export async function hasOfficialPart(folder: string, split: OfficialSplit): Promise<boolean> {
  return access(join(folder, split, `y_${split}.txt`)).then(
    () => true,
    () => false,
  );
}

/** Names in the order of their numbers. @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT */
export async function officialClasses(folder: string): Promise<string[]> {
  const path = join(folder, CLASSES_FILE);
  return linesOf(await textOf(path)).map((line, index) => {
    const [number, name] = line.trim().split(/\s+/);
    if (Number(number) !== index + 1 || name === undefined) {
      throw corrupt(path, `line ${index + 1} is "${line}", expected "${index + 1} NAME"`);
    }
    return name;
  });
}

/** @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT */
export async function readOfficialPart(folder: string, split: OfficialSplit): Promise<UciHarPart> {
  const labels = await bytesOf(join(folder, split, `y_${split}.txt`));
  const subjects = await bytesOf(join(folder, split, `subject_${split}.txt`));
  const [channels, length] = uciHarShape;
  const windows = new Float32Array(new SharedArrayBuffer(4 * labels.length * channels * length));
  for (const [channel, name] of uciHarChannels.entries()) {
    const path = join(folder, split, "Inertial Signals", `${name}_${split}.txt`);
    const lines = linesOf(await textOf(path));
    if (lines.length !== labels.length) {
      throw corrupt(path, `${lines.length} windows, expected one for each of ${labels.length} labels`);
    }
    for (const [index, line] of lines.entries()) {
      const readings = line.trim().split(/\s+/);
      if (readings.length !== length) {
        throw corrupt(path, `${readings.length} readings in line ${index + 1}, expected ${length}`);
      }
      const values = readings.map(Number);
      const wrong = values.findIndex((value) => !Number.isFinite(value));
      if (wrong !== -1) {
        throw corrupt(
          path,
          `reading ${wrong + 1} in line ${index + 1} is "${readings[wrong]}", expected a number`,
        );
      }
      windows.set(values, (index * channels + channel) * length);
    }
  }
  // Classes count from 1 in the archive.
  for (const [index, label] of labels.entries()) labels[index] = label - 1;
  return { windows, labels, subjects };
}

/** One small number a line. */
async function bytesOf(path: string): Promise<Uint8Array<SharedArrayBuffer>> {
  const lines = linesOf(await textOf(path));
  const bytes = new Uint8Array(new SharedArrayBuffer(lines.length));
  for (const [index, line] of lines.entries()) {
    const value = Number(line);
    if (!Number.isInteger(value) || value < 1 || value > 255) {
      throw corrupt(path, `line ${index + 1} is "${line}", expected a number from 1`);
    }
    bytes[index] = value;
  }
  return bytes;
}

async function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new MeanetError(
      "DATASET_MISSING",
      `${path} cannot be read; unpack the whole archive of UCI HAR`,
      { path },
      { cause },
    );
  });
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}
