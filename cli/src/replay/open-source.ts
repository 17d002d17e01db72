import { fileURLToPath } from "node:url";
import { openDataset } from "@meanet/models";
import { MeanetError } from "@meanet/runtime";
import { type FrameEncoding, type FrameSource, frameSource } from "./frame-source.ts";

/** The labelled frames that come with the project: 100 of each class of the official test set. */
export const SAMPLE = "fashion-mnist-sample";

export interface OpenSourceOptions {
  /** {@link SAMPLE}, or a data set whose official test part is read whole. */
  readonly dataset: string;
  /** Folder of the official files. */
  readonly from?: string | undefined;
  readonly encoding: FrameEncoding;
}

/** @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT, INPUT_KIND_UNSUPPORTED */
export async function openSource({ dataset, from, encoding }: OpenSourceOptions): Promise<FrameSource> {
  const sample = dataset === SAMPLE && from === undefined;
  const opened = await openDataset(dataset === SAMPLE ? "fashion-mnist" : dataset, {
    from: sample ? sampleFolder() : from,
    onDownload: (url) => console.error(`downloading ${url}`),
  });
  const frames = await opened.read("test");
  if (frames.kind !== "image") {
    throw new MeanetError(
      "INPUT_KIND_UNSUPPORTED",
      `replay plays cameras, and ${dataset} holds sensor ${frames.kind}s; name a data set of images`,
      { dataset },
    );
  }
  return frameSource(frames, opened.classes, encoding);
}

function sampleFolder(): string {
  return fileURLToPath(new URL("../samples/fashion-mnist", import.meta.resolve("@meanet/models")));
}
