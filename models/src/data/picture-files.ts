/** The files of an image folder: which pictures there are, and of which class. Nothing is decoded here. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import type { OfficialSplit } from "./dataset.ts";

const CLASSES_FILE = "classes.txt";

/** Folders of each part; ImageNet and its kin call the part that judges `val`. */
const partFolders: Readonly<Record<OfficialSplit, readonly string[]>> = {
  train: ["train"],
  test: ["test", "val"],
};

const readable = /\.(jpe?g|png|webp)$/i;
/** Pictures too, but none that a camera may send: left out in silence, a class would miss them. */
const unreadable = /\.(bmp|gif|tiff?|p[bgnp]m|avif|hei[cf]|jp2|jxl|svg)$/i;

/** A picture and its class. */
export interface PictureFile {
  readonly path: string;
  readonly classIndex: number;
}

/** The folder of a part; undefined when there is none. */
export async function partFolder(folder: string, split: OfficialSplit): Promise<string | undefined> {
  for (const name of partFolders[split]) {
    const path = join(folder, name);
    if (await isFolder(path)) return path;
  }
  return undefined;
}

/** @throws {MeanetError} DATASET_MISSING when the folder holds neither part */
export async function requirePart(folder: string): Promise<string> {
  const part = (await partFolder(folder, "train")) ?? (await partFolder(folder, "test"));
  if (part !== undefined) return part;
  throw new MeanetError(
    "DATASET_MISSING",
    `${folder} holds no pictures by class; expected ${join(folder, "train")}/CLASS/*.jpg or *.png, and where there is a test part, test/CLASS/…: move the folders of the classes there`,
    { folder },
  );
}

/**
 * The classes in the order of their indices: as `classes.txt` of the folder says, one on a line, else the names of the folders of `part`,
 * sorted by code units as ImageFolder of torchvision does.
 *
 * @throws {MeanetError} DATASET_CORRUPT for fewer than two
 */
export async function classesOf(folder: string, part: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, CLASSES_FILE), "utf8").catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw corrupt(folder, `its ${CLASSES_FILE} cannot be read: make it readable, or take it away`, cause);
  });
  const classes =
    text === undefined
      ? [...(await classFolders(part)).keys()].sort()
      : text.split(/\r?\n/).flatMap((line) => (line.trim() === "" ? [] : [nameOf(line.trim())]));
  if (text === undefined && classes.length === 0) {
    throw corrupt(
      part,
      `no folder of a class; expected ${join(part, "CLASS")}/*.jpg or *.png of two classes or more: pictures themselves have no class`,
    );
  }
  if (new Set(classes).size < Math.max(2, classes.length)) {
    throw corrupt(
      text === undefined ? part : join(folder, CLASSES_FILE),
      `${classes.length} classes (${named(classes)}); expected two or more, each once`,
    );
  }
  return classes;
}

/**
 * The pictures of a part, class after class, each class's sorted by path: the same on every machine, since the split is drawn from their
 * places.
 *
 * @throws {MeanetError} DATASET_CORRUPT naming folders that are no class, classes without folder or pictures, pictures of other formats
 */
export async function picturesOf(part: string, classes: readonly string[]): Promise<PictureFile[]> {
  const folders = await classFolders(part);
  const unknown = [...folders.keys()].filter((name) => !classes.includes(name)).sort();
  if (unknown.length > 0) {
    throw corrupt(part, `${named(unknown)} ${is(unknown)} none of the classes; expected ${named(classes)}`);
  }
  const missing = classes.filter((name) => !folders.has(name));
  if (missing.length > 0) {
    throw corrupt(
      part,
      `no folder for ${named(missing)}; expected one for each class: ${named(classes)}${folders.size === 0 ? "; pictures themselves have no class" : ""}`,
    );
  }
  const files: PictureFile[] = [];
  const empty: string[] = [];
  for (const [classIndex, name] of classes.entries()) {
    const paths = await pathsBelow(folders.get(name)!);
    const other = paths.find((path) => unreadable.test(path));
    if (other !== undefined) {
      throw corrupt(
        other,
        "it is a picture of a format that no camera sends; expected JPEG, PNG or WebP: convert it, or take it away",
      );
    }
    const pictures = paths.filter((path) => readable.test(path)).sort();
    if (pictures.length === 0) empty.push(name);
    for (const path of pictures) files.push({ path, classIndex });
  }
  if (empty.length > 0) throw corrupt(part, `no picture of ${named(empty)}; expected *.jpg, *.png or *.webp`);
  return files;
}

/** The folders of a part by the class that they are of. */
async function classFolders(part: string): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>();
  for (const name of await visibleNames(part)) {
    const path = join(part, name);
    if (await isFolder(path)) folders.set(nameOf(name), path);
  }
  return folders;
}

/** Every file of a class, those of folders within too. */
async function pathsBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await visibleNames(folder)) {
    const path = join(folder, name);
    if (readable.test(name) || unreadable.test(name)) paths.push(path);
    else if (await isFolder(path)) paths.push(...(await pathsBelow(path)));
  }
  return paths;
}

/** Hidden files are an operating system's own, such as `._cat.jpg` of macOS. */
async function visibleNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw corrupt(folder, "it cannot be read: check its rights, and links that lead back to it", cause);
  });
  return names.filter((name) => !name.startsWith("."));
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** File systems differ in how they write an accent: one letter or two. */
function nameOf(text: string): string {
  return text.normalize();
}

function is(names: readonly string[]): string {
  return names.length === 1 ? "is" : "are";
}

/** Names for people; more than a dozen help nobody. */
function named(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `"${name}"`);
  return [...shown, ...(names.length > shown.length ? [`… ${names.length} in all`] : [])].join(", ");
}

function corrupt(place: string, reason: string, cause?: unknown): MeanetError {
  return new MeanetError("DATASET_CORRUPT", `${place}: ${reason}`, { place }, { cause });
}
