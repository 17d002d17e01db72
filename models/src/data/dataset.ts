import { MeanetError } from "@meanet/runtime";
import { openCifar100 } from "./cifar-100.ts";
import { openFashionMnist } from "./fashion-mnist.ts";
import { openIdxFolder } from "./idx-folder.ts";

/** The two parts that the authors of a data set made. Held-out data is a seeded part of `train`. */
export type OfficialSplit = "train" | "test";

/** Labelled images, all of one shape. */
export interface LabelledImages {
  readonly count: number;
  /** [C, H, W]. */
  readonly shape: readonly [number, number, number];
  /** `count` x C x H x W bytes, planes one after the other, on shared memory so that worker threads need no copy. */
  readonly images: Uint8Array<SharedArrayBuffer>;
  /** `count` class indices. */
  readonly labels: Uint8Array<SharedArrayBuffer>;
}

export interface Dataset {
  readonly name: string;
  /** [C, H, W]. */
  readonly shape: readonly [number, number, number];
  readonly classes: readonly string[];
  /** The folder that the files are read from. */
  readonly folder: string;
  /** Terms of use, an SPDX expression. */
  readonly licence: string;
  /** Whether the folder holds that part. */
  has(split: OfficialSplit): Promise<boolean>;
  /**
   * Reads one official part whole.
   *
   * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
   */
  read(split: OfficialSplit): Promise<LabelledImages>;
}

export interface OpenDatasetOptions {
  /** Folder of the official files. Without it: the well-known places, then the official download. */
  readonly from?: string | undefined;
  /** Whether the official files may be downloaded when they are found nowhere. Default true. */
  readonly download?: boolean | undefined;
  /** Told about each file that is downloaded. */
  readonly onDownload?: ((url: string) => void) | undefined;
}

const openers: Readonly<Record<string, (options: OpenDatasetOptions) => Promise<Dataset>>> = {
  "cifar-100": openCifar100,
  "fashion-mnist": openFashionMnist,
  idx: openIdxFolder,
};

/** The data sets that {@link openDataset} knows. */
export const datasetNames: readonly string[] = Object.keys(openers);

/**
 * Finds a data set: in `from` when given, else in its well-known places, else by its official download.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
 */
export async function openDataset(name: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const open = openers[name];
  if (open === undefined) {
    throw new MeanetError("DATASET_MISSING", `no data set "${name}"; known: ${datasetNames.join(", ")}`, {
      name,
    });
  }
  return open(options);
}
