import { fileURLToPath } from "node:url";
import { type LabelledImages, openDataset } from "@meanet/models";

/** The labelled frames that come with the project, as an endless row: after the last comes the first. */
export interface Sample {
  readonly count: number;
  readonly classes: readonly string[];
  /** Raw bytes of the model's input: no case pays for decoding pictures. */
  payload(index: number): Uint8Array;
  classIndex(index: number): number;
}

/** @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT */
export async function openSample(): Promise<Sample> {
  const from = fileURLToPath(new URL("../samples/fashion-mnist", import.meta.resolve("@meanet/models")));
  const dataset = await openDataset("fashion-mnist", { from });
  const images = await dataset.read("test");
  const payloads = split(images);
  return {
    count: images.count,
    classes: dataset.classes,
    payload: (index) => payloads[index % images.count]!,
    classIndex: (index) => images.labels[index % images.count]!,
  };
}

function split({ images, count, shape }: LabelledImages): Uint8Array[] {
  const bytes = shape[0] * shape[1] * shape[2];
  return Array.from({ length: count }, (_, index) => images.slice(index * bytes, (index + 1) * bytes));
}
