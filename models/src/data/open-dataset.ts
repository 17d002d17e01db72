import { MeanetError } from "@meanet/runtime";
import { openCifar100 } from "./cifar-100.ts";
import type { Dataset, OpenDatasetOptions } from "./dataset.ts";
import { openFashionMnist } from "./fashion-mnist.ts";
import { openIdxFolder } from "./idx-folder.ts";
import { holdsPicturesByClass, openImageFolder } from "./image-folder.ts";
import { openUciHar } from "./uci-har.ts";

const openers = {
  "cifar-100": openCifar100,
  "fashion-mnist": openFashionMnist,
  idx: openIdxFolder,
  "image-folder": openImageFolder,
  "uci-har": openUciHar,
};

type DatasetName = keyof typeof openers;

/** The data sets that {@link openDataset} knows. */
export const datasetNames: readonly string[] = Object.keys(openers);

/**
 * Finds a data set: in `from` when given, else in its well-known places, else by its official download.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT
 */
export function openDataset<N extends DatasetName>(
  name: N,
  options?: OpenDatasetOptions,
): ReturnType<(typeof openers)[N]>;
export function openDataset(name: string, options?: OpenDatasetOptions): Promise<Dataset>;
export async function openDataset(name: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  if (!isDatasetName(name)) {
    throw new MeanetError("DATASET_MISSING", `no data set "${name}"; known: ${datasetNames.join(", ")}`, {
      name,
    });
  }
  return openers[name](options);
}

/** What a folder of one's own holds: pictures by class, else IDX files, which say themselves what they miss. */
export async function datasetNameOf(folder: string): Promise<"image-folder" | "idx"> {
  return (await holdsPicturesByClass(folder)) ? "image-folder" : "idx";
}

function isDatasetName(name: string): name is DatasetName {
  return Object.hasOwn(openers, name);
}
