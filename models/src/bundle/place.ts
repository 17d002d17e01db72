/** The folder that a bundle is written to: what may be replaced there, and how it is. */
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { MeanetError } from "@meanet/runtime";

/**
 * Makes sure, before hours of work, that a bundle can be written to a folder: there is none yet, it is empty, or a bundle is in it,
 * which is replaced. Whatever else lies there is somebody's, and stays. The folder above is made where there is none.
 *
 * @throws {MeanetError} BUNDLE_PLACE_REFUSED
 */
export async function requireBundlePlace(dir: string): Promise<void> {
  const place = resolve(dir);
  const found = await stat(place).catch(noneThere(place));
  if (found !== undefined) await requireReplaceable(place, found.isDirectory());
  const above = dirname(place);
  if ((await stat(above).catch(noneThere(place))) === undefined) {
    await mkdir(above, { recursive: true }).catch(unwritable(place));
  }
  // Tried, since rights alone do not tell: a file system may be read-only, or none that folders are made in.
  await rm(await mkdtemp(`${besides(place).fresh}.`).catch(unwritable(place)), { recursive: true });
}

/**
 * Fills a folder beside `dir`, which then takes the place of `dir`: at any moment one of the two is whole.
 *
 * @param fill - writes all files of the bundle into the folder it is given
 * @throws {MeanetError} BUNDLE_PLACE_REFUSED
 */
export async function replaceBundle(dir: string, fill: (fresh: string) => Promise<void>): Promise<void> {
  await requireBundlePlace(dir);
  // With a slash at the end of `dir`, what stands beside it would be inside it.
  const place = resolve(dir);
  const { fresh, former } = besides(place);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh);
  await fill(fresh);
  if ((await stat(place).catch(noneThere(place))) !== undefined) {
    await rm(former, { recursive: true, force: true });
    await rename(place, former);
  }
  await rename(fresh, place);
  await rm(former, { recursive: true, force: true });
}

/** Folders beside a place, of the bundle to come and of the one that makes way. */
function besides(place: string) {
  const beside = (suffix: string) => join(dirname(place), `.${basename(place)}.${suffix}`);
  return { fresh: beside("new"), former: beside("former") };
}

/**
 * Replaces one file of a bundle that is there: half of it never stands in the bundle.
 *
 * @throws {MeanetError} BUNDLE_PLACE_REFUSED
 */
export async function replaceFile(dir: string, file: string, content: Uint8Array | string): Promise<void> {
  const path = join(dir, file);
  try {
    await writeFile(`${path}.new`, content, { flush: true });
    await rename(`${path}.new`, path);
  } catch (cause) {
    unwritable(path)(cause as NodeJS.ErrnoException);
  }
}

async function requireReplaceable(place: string, isFolder: boolean): Promise<void> {
  const names = isFolder ? await readdir(place).catch(unwritable(place)) : [];
  if (isFolder && (names.length === 0 || names.includes("manifest.json"))) return;
  throw refused(
    place,
    isFolder ? `holds ${named(names)}, and no bundle` : "is a file",
    "expected a folder that is not there yet, is empty, or holds a bundle to be replaced: name another",
  );
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `"${name}"`);
  return names.length > shown.length
    ? `${shown.join(", ")} and ${names.length - shown.length} more`
    : shown.join(", ");
}

function noneThere(place: string) {
  return (cause: NodeJS.ErrnoException): undefined => {
    if (cause.code !== "ENOENT") unwritable(place)(cause);
  };
}

function unwritable(place: string) {
  return (cause: NodeJS.ErrnoException): never => {
    throw refused(
      place,
      `cannot be written (${cause.code})`,
      "name a folder that you have the right to write",
      cause,
    );
  };
}

function refused(place: string, problem: string, remedy: string, cause?: unknown): MeanetError {
  return new MeanetError("BUNDLE_PLACE_REFUSED", `${place} ${problem}; ${remedy}`, { dir: place }, { cause });
}
