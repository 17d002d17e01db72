/**
 * Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, MIT): 60,000 + 10,000 grey images of 28x28 in ten classes, as IDX files.
 *
 * Found in a folder given, in Debian's package `dataset-fashion-mnist`, in the download cache, or downloaded there from
 * the authors' repository. A download is held against the sha256 of the unpacked file: gzip streams of the same data differ.
 */
import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import type { Dataset, LabelledImages, OfficialSplit, OpenDatasetOptions } from "./dataset.ts";
import { unpack } from "./idx.ts";
import { hasIdxPart, idxFiles, readIdxPart, requireEitherPart } from "./idx-folder.ts";

const fashionMnistClasses = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;

const SHAPE = [1, 28, 28] as const;
const DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist";

/** Official places, first to last; the second is the one the authors' README names, and has no TLS. */
const MIRRORS = [
  "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
  "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
];

/** File stem of each part, and the sha256 of the unpacked official file. */
const FILES: Readonly<Record<OfficialSplit, Record<"images" | "labels", OfficialFile>>> = {
  train: {
    images: {
      file: idxFiles.train.images,
      sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    },
    labels: {
      file: idxFiles.train.labels,
      sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    },
  },
  test: {
    images: {
      file: idxFiles.test.images,
      sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    },
    labels: {
      file: idxFiles.test.labels,
      sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
  },
};

interface OfficialFile {
  readonly file: string;
  readonly sha256: string;
}

/** The files, gzipped or not, of which a folder may hold either part. */
export const fashionMnistFiles = FILES;

export async function openFashionMnist(options: OpenDatasetOptions): Promise<Dataset<LabelledImages>> {
  const folder = await findFolder(options);
  return {
    name: "fashion-mnist",
    shape: SHAPE,
    classes: fashionMnistClasses,
    folder,
    licence: "MIT",
    redistributable: true,
    has: (split) => hasIdxPart(folder, split),
    read: (split) => readIdxPart(folder, split, { classes: fashionMnistClasses.length, shape: SHAPE }),
  };
}

async function findFolder(options: OpenDatasetOptions): Promise<string> {
  if (options.from !== undefined) {
    await requireEitherPart(options.from);
    return options.from;
  }
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "meanet", "fashion-mnist");
  for (const folder of [DEBIAN_FOLDER, cache]) {
    if ((await hasIdxPart(folder, "train")) && (await hasIdxPart(folder, "test"))) {
      return folder;
    }
  }
  if (options.download === false) {
    throw new MeanetError(
      "DATASET_MISSING",
      "Fashion-MNIST is not here; on Debian: apt-get install dataset-fashion-mnist, or name the folder of its IDX files",
      { searched: [DEBIAN_FOLDER, cache] },
    );
  }
  await downloadAll(cache, options.onDownload);
  return cache;
}

async function downloadAll(folder: string, onDownload: OpenDatasetOptions["onDownload"]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const part of [FILES.train, FILES.test]) {
    for (const official of [part.images, part.labels]) {
      const bytes = await download(official, onDownload);
      const path = join(folder, `${official.file}.gz`);
      // A half-written file must never look like a whole one to the next run.
      await writeFile(`${path}.part`, bytes);
      await rename(`${path}.part`, path);
    }
  }
}

async function download(
  official: OfficialFile,
  onDownload: OpenDatasetOptions["onDownload"],
): Promise<Uint8Array> {
  const failures: Error[] = [];
  for (const mirror of MIRRORS) {
    const url = `${mirror}/${official.file}.gz`;
    onDownload?.(url);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(300_000) });
      if (!response.ok) {
        throw new Error(`${url} answered ${response.status}`);
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      await verifyOfficial(bytes, official, url);
      return bytes;
    } catch (error) {
      failures.push(error as Error);
    }
  }
  throw new MeanetError(
    "DATASET_MISSING",
    `Fashion-MNIST could not be downloaded (${failures.map((failure) => failure.message).join("; ")}); on Debian: apt-get install dataset-fashion-mnist, or name the folder of its IDX files`,
    { file: official.file, mirrors: MIRRORS },
    { cause: new AggregateError(failures) },
  );
}

/** @throws {MeanetError} DATASET_CORRUPT when the unpacked bytes are not the official file's */
export async function verifyOfficial(bytes: Uint8Array, official: OfficialFile, name: string): Promise<void> {
  const actual = createHash("sha256")
    .update(await unpack(bytes, name))
    .digest("hex");
  if (actual !== official.sha256) {
    throw new MeanetError(
      "DATASET_CORRUPT",
      `${name} is not the official ${official.file}: its sha256 differs`,
      {
        file: official.file,
        expected: official.sha256,
        actual,
      },
    );
  }
}
