/**
 * Pictures in folders by class, the form of torchvision's ImageFolder: `train/CLASS/*.jpg`, and `test/CLASS/…` or `val/CLASS/…` where
 * there is a part that judges. JPEG, PNG or WebP, of any size.
 *
 * Decoded by what decodes a camera's frames in service, to the shape of who asks: a network learns from what it will see.
 */
import { relative } from "node:path";
import type { ImageShape } from "@meanet/image";
import { MeanetError } from "@meanet/runtime";
import type { Dataset, LabelledImages, OfficialSplit, OpenDatasetOptions } from "./dataset.ts";
import { closeGaps, decodeAll, memoryFor } from "./decode-pictures.ts";
import { classesOf, type PictureFile, partFolder, picturesOf, requirePart } from "./picture-files.ts";

/** Unreadable files that an error names. */
const MOST_NAMED = 5;
const MOST_CLASSES = 2 ** 16;

/** Whether a folder has the form of this data set. */
export async function holdsPicturesByClass(folder: string): Promise<boolean> {
  const parts = await Promise.all([partFolder(folder, "train"), partFolder(folder, "test")]);
  return parts.some((part) => part !== undefined);
}

/**
 * Opens a folder of pictures; either part may be missing. Classes are those of `options.classes`, else of {@link classesOf}; each has a
 * folder of its name in each part.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT; DATASET_TOO_LARGE from `read`
 */
export async function openImageFolder(
  options: OpenDatasetOptions,
): Promise<Dataset<LabelledImages> & Required<Pick<Dataset, "filesOf">>> {
  const { from: folder } = options;
  if (folder === undefined) {
    throw new MeanetError(
      "DATASET_MISSING",
      'data set "image-folder" is a folder of your own: name it with --data',
    );
  }
  const part = await requirePart(folder);
  const shape = imageShape(options.shape, folder);
  const classes = options.classes ?? (await classesOf(folder, part));
  if (classes.length > MOST_CLASSES) {
    throw corrupt(folder, `${classes.length} classes, expected at most ${MOST_CLASSES}`);
  }
  // Commands read a part several times, and decoding takes minutes of many pictures.
  const parts = new Map<OfficialSplit, Promise<ReadPart>>();
  const partOf = (split: OfficialSplit) => {
    const reading = parts.get(split) ?? readPart(folder, split, { ...options, shape, classes });
    parts.set(split, reading);
    return reading;
  };
  return {
    name: "image-folder",
    shape,
    classes,
    folder,
    licence: "LicenseRef-own",
    redistributable: true,
    has: async (split) => (await partFolder(folder, split)) !== undefined,
    read: async (split) => (await partOf(split)).labelled,
    filesOf: async (split) => (await partOf(split)).files.map(({ path }) => relative(folder, path)),
  };
}

/**
 * The files of a part of an image folder, for who sends them as they are.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
 */
export async function pictureFiles(
  folder: string,
  split: OfficialSplit,
): Promise<{ readonly classes: readonly string[]; readonly files: readonly PictureFile[] }> {
  const classes = await classesOf(folder, await requirePart(folder));
  return { classes, files: await filesOf(folder, split, classes) };
}

interface Reading extends OpenDatasetOptions {
  readonly shape: ImageShape;
  readonly classes: readonly string[];
}

interface ReadPart {
  readonly labelled: LabelledImages;
  /** Of each frame. */
  readonly files: readonly PictureFile[];
}

async function readPart(folder: string, split: OfficialSplit, options: Reading): Promise<ReadPart> {
  const { shape, classes, skipUnreadable = false, maxBytes, onDecoding, onDecoded, onSkipped } = options;
  const files = await filesOf(folder, split, classes);
  const images = memoryFor({ folder, pictures: files.length, shape, maxBytes });
  onDecoding?.({ split, pictures: files.length });
  const failures = await decodeAll(files, images, shape, (decoded) =>
    onDecoded?.({ split, pictures: files.length, decoded }),
  );
  if (failures.size === 0) return { files, labelled: labelled(files, images, options) };
  if (!skipUnreadable) throw unreadable(folder, files.length, failures);
  const kept = files.filter((file) => !failures.has(file));
  requireEveryClass(folder, kept, classes);
  onSkipped?.({ split, pictures: files.length, skipped: [...failures.keys()].map(({ path }) => path) });
  return { files: kept, labelled: labelled(kept, closeGaps(images, files, failures), options) };
}

function labelled(
  files: readonly PictureFile[],
  images: Uint8Array<SharedArrayBuffer>,
  { shape, classes }: Reading,
): LabelledImages {
  const labels =
    classes.length <= 2 ** 8
      ? new Uint8Array(new SharedArrayBuffer(files.length))
      : new Uint16Array(new SharedArrayBuffer(2 * files.length));
  labels.set(files.map(({ classIndex }) => classIndex));
  return { kind: "image", count: files.length, shape, images, labels };
}

async function filesOf(
  folder: string,
  split: OfficialSplit,
  classes: readonly string[],
): Promise<PictureFile[]> {
  const part = await partFolder(folder, split);
  if (part !== undefined) return picturesOf(part, classes);
  throw new MeanetError("DATASET_MISSING", `${folder} has no folder of the ${split} part`, { folder, split });
}

function requireEveryClass(folder: string, kept: readonly PictureFile[], classes: readonly string[]): void {
  const seen = new Set(kept.map(({ classIndex }) => classIndex));
  const lost = classes.filter((_, classIndex) => !seen.has(classIndex));
  if (lost.length === 0) return;
  throw corrupt(folder, `no picture of "${lost.join('", "')}" can be read; expected some of each class`);
}

function imageShape(shape: readonly number[] | undefined, folder: string): ImageShape {
  const [channels, height, width, ...more] = shape ?? [];
  const isPicture = (channels === 1 || channels === 3) && more.length === 0;
  if (isPicture && height !== undefined && width !== undefined) return [channels, height, width];
  throw new MeanetError(
    "INPUT_KIND_UNSUPPORTED",
    `${folder} holds pictures, which are decoded to 1 or 3 channels, height and width; what asks for them takes ${shape?.join("x") ?? "frames of no shape"}`,
    { folder, shape },
  );
}

function unreadable(folder: string, count: number, failures: ReadonlyMap<PictureFile, string>): MeanetError {
  const shown = [...failures].slice(0, MOST_NAMED).map(([{ path }, reason]) => `${path} (${reason})`);
  const rest = failures.size > shown.length ? `; and ${failures.size - shown.length} more` : "";
  return corrupt(
    folder,
    `${failures.size} of ${count} pictures cannot be read: ${shown.join("; ")}${rest}; mend them or take them away, or leave out what cannot be read with --skip-unreadable`,
    { files: [...failures.keys()].map(({ path }) => path) },
  );
}

function corrupt(folder: string, reason: string, details: Record<string, unknown> = {}): MeanetError {
  return new MeanetError("DATASET_CORRUPT", `${folder}: ${reason}`, { folder, ...details });
}
