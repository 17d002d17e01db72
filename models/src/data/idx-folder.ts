/**
 * A folder of IDX files, the form of MNIST and its kin: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and the same with
 * `t10k` for the test part, gzipped or not. Images are `[n, H, W]` (grey) or `[n, C, H, W]` (planes).
 */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import type { Dataset, LabelledImages, OfficialSplit, OpenDatasetOptions } from "./dataset.ts";
import { parseIdx, unpack } from "./idx.ts";

/** File stems of each part, as MNIST named them. */
export const idxFiles: Readonly<Record<OfficialSplit, Readonly<Record<"images" | "labels", string>>>> = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
};

const CLASSES_FILE = "classes.txt";

/**
 * Opens a data set of one's own: both parts or one, and `classes.txt` with the name of a class on each line, in the
 * order of their indices.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
 */
export async function openIdxFolder({ from: folder }: OpenDatasetOptions): Promise<Dataset<LabelledImages>> {
  if (folder === undefined) {
    throw new MeanetError("DATASET_MISSING", 'data set "idx" is a folder of your own: name it with --data');
  }
  await requireEitherPart(folder);
  const text = await readFile(join(folder, CLASSES_FILE), "utf8").catch((cause: unknown) => {
    throw new MeanetError(
      "DATASET_MISSING",
      `${folder} has no ${CLASSES_FILE}; expected the name of a class on each line, in the order of their indices`,
      { folder },
      { cause },
    );
  });
  const classes = text.split(/\r?\n/).flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
  if (new Set(classes).size < Math.max(2, classes.length)) {
    throw new MeanetError(
      "DATASET_CORRUPT",
      `${join(folder, CLASSES_FILE)}: ${classes.length} classes (${classes.join(", ")}); expected two or more, each once`,
      { folder, file: CLASSES_FILE },
    );
  }
  const part = (await hasIdxPart(folder, "train")) ? "train" : "test";
  const { shape } = await readIdxPart(folder, part, { classes: classes.length });
  return {
    name: "idx",
    shape,
    classes,
    folder,
    licence: "LicenseRef-own",
    redistributable: true,
    has: (split) => hasIdxPart(folder, split),
    read: (split) => readIdxPart(folder, split, { classes: classes.length, shape }),
  };
}

/** @throws {MeanetError} DATASET_MISSING when the folder holds neither part whole */
export async function requireEitherPart(folder: string): Promise<void> {
  const parts = await Promise.all([hasIdxPart(folder, "train"), hasIdxPart(folder, "test")]);
  if (parts.includes(true)) return;
  throw new MeanetError(
    "DATASET_MISSING",
    `${folder} holds neither part of a data set; expected ${idxFiles.train.images}.gz and its labels, or ${idxFiles.test.images}.gz and its labels`,
    { folder },
  );
}

/** Whether images and labels of a part are there. */
export async function hasIdxPart(folder: string, split: OfficialSplit): Promise<boolean> {
  const { images, labels } = idxFiles[split];
  return (await findFile(folder, images)) !== undefined && (await findFile(folder, labels)) !== undefined;
}

/**
 * Reads one part whole.
 *
 * @param expected - number of classes; the shape [C, H, W] where it is known beforehand
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
 */
export async function readIdxPart(
  folder: string,
  split: OfficialSplit,
  expected: { readonly classes: number; readonly shape?: LabelledImages["shape"] },
): Promise<LabelledImages> {
  const images = await readIdx(folder, idxFiles[split].images);
  const labels = await readIdx(folder, idxFiles[split].labels);
  const [count, ...dims] = images.dims;
  const [channels, height, width] = dims.length === 2 ? [1, ...dims] : dims;
  const wanted = expected.shape?.join(" x ") ?? "H x W or C x H x W";
  if (
    count === undefined ||
    dims.length > 3 ||
    channels === undefined ||
    height === undefined ||
    width === undefined ||
    (expected.shape !== undefined && expected.shape.join() !== [channels, height, width].join())
  ) {
    throw corrupt(folder, split, `images of ${images.dims.join("x")}, expected n x ${wanted}`);
  }
  if (labels.dims.length !== 1 || labels.data.length !== count) {
    throw corrupt(
      folder,
      split,
      `${count} images and labels of ${labels.dims.join("x")}, expected one label an image`,
    );
  }
  if (labels.data.some((label) => label >= expected.classes)) {
    throw corrupt(folder, split, `a label that is not one of 0 … ${expected.classes - 1}`);
  }
  return {
    kind: "image",
    count,
    shape: [channels, height, width],
    images: shared(images.data),
    labels: shared(labels.data),
  };
}

async function findFile(folder: string, stem: string): Promise<string | undefined> {
  for (const name of [`${stem}.gz`, stem]) {
    const path = join(folder, name);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

async function readIdx(folder: string, stem: string) {
  const path = await findFile(folder, stem);
  if (path === undefined) {
    throw new MeanetError("DATASET_MISSING", `${folder} has no ${stem}.gz`, { folder, file: stem });
  }
  return parseIdx(await unpack(await readFile(path), path), path);
}

function corrupt(folder: string, split: OfficialSplit, reason: string): MeanetError {
  return new MeanetError("DATASET_CORRUPT", `${folder}: the ${split} part holds ${reason}`, {
    folder,
    split,
  });
}

function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
