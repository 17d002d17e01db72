/**
 * A bundle is a folder with all that a node needs to answer frames: `manifest.json`, `main.onnx`, `extension.onnx`,
 * `cloud.onnx`, and beside them `golden.json` (reference answers), `reference.bin` (labelled frames, optional), `evaluation.json`
 * (its figures) and `card.md`.
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import { type Manifest, manifestSchema, readManifest } from "./manifest.ts";
import { replaceBundle } from "./place.ts";

/** The models of a bundle: main gives y1 and F1, the extension (adaptive inside) y2 of x and F1, the cloud y of x. */
export const bundleParts = ["main", "extension", "cloud"] as const;
export type BundlePart = (typeof bundleParts)[number];

export interface Bundle {
  readonly dir: string;
  readonly manifest: Manifest;
  /** Each checked against its sha256: ONNX, and `reference.bin`. A bundle for edges alone may lack the cloud's. */
  readonly files: {
    readonly main: Uint8Array;
    readonly extension: Uint8Array;
    readonly cloud?: Uint8Array;
    readonly reference?: Uint8Array;
  };
}

/**
 * Loads a bundle and checks each file against the sha256 of the manifest.
 *
 * @throws {MeanetError} BUNDLE_MISSING, BUNDLE_INVALID, BUNDLE_MISMATCH
 */
export async function loadBundle(dir: string): Promise<Bundle> {
  const manifest = await readManifest(dir);
  const { cloud, reference } = manifest.files;
  return {
    dir,
    manifest,
    files: {
      main: await readChecked(dir, manifest.files.main),
      extension: await readChecked(dir, manifest.files.extension),
      ...(cloud === undefined ? {} : { cloud: await readChecked(dir, cloud) }),
      ...(reference === undefined ? {} : { reference: await readChecked(dir, reference) }),
    },
  };
}

async function readChecked(dir: string, entry: Manifest["files"]["main"]): Promise<Uint8Array> {
  const path = join(dir, entry.file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new MeanetError(
      "BUNDLE_MISSING",
      `${path} cannot be read; copy the bundle again`,
      { path },
      { cause },
    );
  }
  const actual = sha256(bytes);
  if (actual !== entry.sha256 || bytes.length !== entry.bytes) {
    throw new MeanetError(
      "BUNDLE_MISMATCH",
      `${basename(path)} of bundle ${dir} does not match its sha256; copy the bundle again`,
      { path, expected: entry.sha256, actual, expectedBytes: entry.bytes, actualBytes: bytes.length },
    );
  }
  return bytes;
}

/** What {@link writeBundle} needs: the manifest without what it computes itself, the models, the texts beside them. */
export interface BundleContent {
  readonly manifest: Omit<Manifest, "schema" | "files">;
  readonly files: Omit<Bundle["files"], "reference">;
  /** Labelled frames for edges that learn in service. */
  readonly reference?: { readonly bytes: Uint8Array; readonly items: number } | undefined;
  /** Models that were made for one frame a run. */
  readonly single?: readonly BundlePart[];
  /** Further files by name, such as `card.md`. */
  readonly beside?: Readonly<Record<string, string>>;
}

/**
 * Writes a bundle whole: into a folder beside `dir`, which then takes the place of `dir`.
 *
 * @throws {MeanetError} BUNDLE_INVALID when the manifest does not fit its own schema; BUNDLE_PLACE_REFUSED when `dir` is no place for one
 */
export async function writeBundle(dir: string, content: BundleContent): Promise<Bundle> {
  const { cloud } = content.files;
  const { reference } = content;
  const modelEntry = (part: BundlePart, bytes: Uint8Array) => ({
    ...fileEntryOf(`${part}.onnx`, bytes),
    ...(content.single?.includes(part) ? { batch: 1 } : {}),
  });
  const parsed = manifestSchema.safeParse({
    schema: 1,
    ...content.manifest,
    files: {
      main: modelEntry("main", content.files.main),
      extension: modelEntry("extension", content.files.extension),
      ...(cloud === undefined ? {} : { cloud: modelEntry("cloud", cloud) }),
      ...(reference === undefined
        ? {}
        : { reference: { ...fileEntryOf("reference.bin", reference.bytes), items: reference.items } }),
    },
  });
  if (!parsed.success) {
    const problems = z.prettifyError(parsed.error);
    throw new MeanetError("BUNDLE_INVALID", `the manifest to be written to ${dir}:\n${problems}`, { dir });
  }
  const text = `${JSON.stringify(parsed.data, undefined, 2)}\n`;
  await replaceBundle(dir, async (fresh) => {
    for (const part of bundleParts) {
      const bytes = content.files[part];
      if (bytes !== undefined) await writeFile(join(fresh, `${part}.onnx`), bytes, { flush: true });
    }
    if (reference !== undefined) {
      await writeFile(join(fresh, "reference.bin"), reference.bytes, { flush: true });
    }
    await writeFile(join(fresh, "manifest.json"), text, { flush: true });
    for (const [name, beside] of Object.entries(content.beside ?? {})) {
      await writeFile(join(fresh, name), beside);
    }
  });
  return loadBundle(dir);
}

/** What a manifest says of a file. */
export function fileEntryOf(file: string, bytes: Uint8Array) {
  return { file, sha256: sha256(bytes), bytes: bytes.length };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
