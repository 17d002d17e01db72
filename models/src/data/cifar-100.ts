/**
 * CIFAR-100 (Krizhevsky 2009): 50,000 + 10,000 colour images of 32x32 in a hundred fine classes, in the official binary form:
 * records of one byte for the coarse class, one for the fine class, and 3072 of planes, red, green, blue.
 *
 * Read from a folder given or from the cache of downloads. Its authors state no terms of use.
 */
import { access, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { cifar100Classes } from "./cifar-100-classes.ts";
import type { Dataset, LabelledImages, OfficialSplit, OpenDatasetOptions } from "./dataset.ts";

const SHAPE = [3, 32, 32] as const;
const CLASSES = cifar100Classes.length;
const PLANES = 3 * 32 * 32;
const RECORD = 2 + PLANES;
const NAMES_FILE = "fine_label_names.txt";

/** The archive unpacks to a folder of this name. */
const OFFICIAL_FOLDER = "cifar-100-binary";

const files: Readonly<Record<OfficialSplit, string>> = { train: "train.bin", test: "test.bin" };

/**
 * Opens the folder that the official archive `cifar-100-binary.tar.gz` unpacks to, or the one that it was unpacked in; either part
 * may be missing, and so may the list of names.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
 */
export async function openCifar100({ from }: OpenDatasetOptions): Promise<Dataset<LabelledImages>> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "meanet", "cifar-100");
  const folder = await findFolder(from ?? cache);
  return {
    name: "cifar-100",
    shape: SHAPE,
    classes: await readClasses(folder),
    folder,
    licence: "LicenseRef-unstated",
    redistributable: false,
    has: (split) => has(folder, split),
    read: (split) => read(folder, split),
  };
}

async function findFolder(given: string): Promise<string> {
  for (const folder of [given, join(given, OFFICIAL_FOLDER)]) {
    const parts = await Promise.all([has(folder, "train"), has(folder, "test")]);
    if (parts.includes(true)) return folder;
  }
  throw new MeanetError(
    "DATASET_MISSING",
    `${given} holds neither ${files.train} nor ${files.test}, and no ${OFFICIAL_FOLDER} that does; unpack cifar-100-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html and name its folder with --data`,
    { folder: given },
  );
}

async function has(folder: string, split: OfficialSplit): Promise<boolean> {
  return access(join(folder, files[split])).then(
    () => true,
    () => false,
  );
}

async function readClasses(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, NAMES_FILE), "utf8").catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new MeanetError(
      "DATASET_CORRUPT",
      `${join(folder, NAMES_FILE)} cannot be read; make it readable, or take it away: the names are known without it`,
      { folder, file: NAMES_FILE },
      { cause },
    );
  });
  if (text === undefined) return cifar100Classes;
  const classes = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (classes.length !== CLASSES) {
    throw corrupt(folder, NAMES_FILE, `${classes.length} names, expected ${CLASSES}`);
  }
  return classes;
}

async function read(folder: string, split: OfficialSplit): Promise<LabelledImages> {
  const file = files[split];
  const path = join(folder, file);
  const size = await stat(path).then(
    (found) => found.size,
    (cause: unknown) => {
      throw new MeanetError(
        "DATASET_MISSING",
        `${folder} has no ${file}, the ${split} part`,
        { folder },
        { cause },
      );
    },
  );
  if (size === 0 || size % RECORD !== 0) {
    throw corrupt(folder, file, `${size} bytes, expected a multiple of ${RECORD}`);
  }
  const bytes = await readFile(path);
  const count = size / RECORD;
  const images = new Uint8Array(new SharedArrayBuffer(count * PLANES));
  const labels = new Uint8Array(new SharedArrayBuffer(count));
  for (let index = 0; index < count; index++) {
    const start = index * RECORD;
    const label = bytes[start + 1]!;
    if (label >= CLASSES) {
      throw corrupt(folder, file, `fine class ${label} in record ${index}, expected 0 … ${CLASSES - 1}`);
    }
    labels[index] = label;
    images.set(bytes.subarray(start + 2, start + RECORD), index * PLANES);
  }
  return { kind: "image", count, shape: SHAPE, images, labels };
}

function corrupt(folder: string, file: string, reason: string): MeanetError {
  return new MeanetError("DATASET_CORRUPT", `${join(folder, file)}: ${reason}`, { folder, file });
}
