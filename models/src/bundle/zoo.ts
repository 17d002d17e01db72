import { access, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { type Manifest, readManifest } from "./manifest.ts";

/** The folder of the bundles that come with the project. */
export const zooFolder = join(import.meta.dirname, "..", "..", "zoo");

/** The folder of a bundle of the zoo, whether it is there or not. */
export function zooPath(name: string): string {
  return join(zooFolder, name);
}

/** The folder that `--bundle` means: a bundle of the zoo by its name, else a path. */
export async function resolveBundle(nameOrPath: string): Promise<string> {
  if (/^[a-z0-9-]+$/.test(nameOrPath)) {
    const inZoo = zooPath(nameOrPath);
    const found = await access(join(inZoo, "manifest.json")).then(
      () => true,
      () => false,
    );
    if (found) {
      return inZoo;
    }
  }
  return resolve(nameOrPath);
}

/**
 * The manifests of all bundles in a folder, by folder name.
 *
 * @throws {MeanetError} BUNDLE_MISSING when there is no such folder; BUNDLE_INVALID when one of the bundles is damaged
 */
export async function listBundles(
  folder: string = zooFolder,
): Promise<readonly { readonly dir: string; readonly manifest: Manifest }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new MeanetError(
      "BUNDLE_MISSING",
      `${folder} cannot be read; expected a folder that holds bundles`,
      { folder },
      { cause },
    );
  });
  const folders = entries
    // Hidden ones are bundles that are being written.
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => join(folder, entry.name))
    .sort();
  const bundles: { dir: string; manifest: Manifest }[] = [];
  for (const dir of folders) {
    const found = await access(join(dir, "manifest.json")).then(
      () => true,
      () => false,
    );
    if (found) {
      bundles.push({ dir, manifest: await readManifest(dir) });
    }
  }
  return bundles;
}
