import { fileURLToPath } from "node:url";
import { type LabelledWindows, pictureFiles } from "@meanet/models";
import { MeanetError } from "@meanet/runtime";
import { openData } from "../open-data.ts";
import { fileSource } from "./file-source.ts";
import { type FrameEncoding, type FrameSource, frameSource } from "./frame-source.ts";
import { sensorSource, subjectsOf } from "./sensor-source.ts";

/** Labelled images that come with the project, as many of each class, out of Fashion-MNIST's test set. */
export const imageSample = "fashion-mnist-sample";

const imageFolder = "image-folder";

const sampleFolder = fileURLToPath(
  new URL("../samples/fashion-mnist", import.meta.resolve("@meanet/models")),
);
const CAMERAS = 4;
const CAMERAS_RATE = 100;
/** Windows begin when half of the one before is over. */
const OVERLAP = 0.5;

export interface StreamOptions {
  /** {@link imageSample}, or a data set whose official test part is read whole. */
  readonly dataset: string;
  /** Folder of the official files. */
  readonly data?: string | undefined;
  /** Of images. */
  readonly encoding: FrameEncoding;
  /** Images per second, all cameras together. Default 100. */
  readonly rate?: number | undefined;
  /** How much faster than in life sensors send their windows. Default 1. */
  readonly speed?: number | undefined;
  /** Default: four cameras, or a sensor for each subject. */
  readonly devices?: number | undefined;
}

/** What is replayed, by which devices, and how fast. */
export interface Stream {
  readonly kind: "image" | "window";
  readonly source: FrameSource;
  /** Of the devices, which send in turn: `camera-1`, …, or `sensor-2` of subject 2. */
  readonly names: readonly string[];
  /** Frames per second of all devices together. */
  readonly rate: number;
}

/** @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT, CONFIG_INVALID for a setting of the other kind of data */
export async function openStream(options: StreamOptions): Promise<Stream> {
  const { dataset, data } = options;
  const sample = dataset === imageSample;
  if (dataset === imageFolder) return cameras(await picturesAsTheyAre(options), options);
  const opened = await openData(sample ? "fashion-mnist" : dataset, {
    from: data ?? (sample ? sampleFolder : undefined),
  });
  const frames = await opened.read("test");
  if (frames.kind === "window") return sensors(frames, opened.classes, options);
  return cameras(frameSource(frames, opened.classes, options.encoding), options);
}

/** Which size a model takes is the edge node's to know. */
async function picturesAsTheyAre({ data, encoding }: StreamOptions): Promise<FrameSource> {
  if (encoding === "raw") {
    throw misplaced("encoding", `${imageFolder} sends its files as they are: leave it out`);
  }
  if (data === undefined) throw misplaced("data", "expected the folder of the pictures");
  return fileSource(await pictureFiles(data, "test"));
}

function cameras(source: FrameSource, options: StreamOptions): Stream {
  const { dataset, devices = CAMERAS, rate = CAMERAS_RATE, speed } = options;
  if (speed !== undefined) throw misplaced("speed", `${dataset} holds images: give their rate`);
  return {
    kind: "image",
    source,
    names: Array.from({ length: devices }, (_, index) => `camera-${index + 1}`),
    rate,
  };
}

function sensors(windows: LabelledWindows, classes: readonly string[], options: StreamOptions): Stream {
  const { dataset, rate, speed = 1, devices } = options;
  if (rate !== undefined) {
    throw misplaced("rate", `${dataset} holds sensor windows, which have a rate of their own: give a speed`);
  }
  const all = subjectsOf(windows);
  if (devices !== undefined && devices > all.length) {
    throw misplaced("devices", `${dataset} has windows of ${all.length} subjects: give at most so many`);
  }
  const subjects = all.slice(0, devices);
  const periodS = ((1 - OVERLAP) * windows.shape[1]) / windows.rateHz;
  return {
    kind: "window",
    source: sensorSource(windows, classes, subjects),
    names: subjects.map((subject) => `sensor-${subject}`),
    rate: (subjects.length * speed) / periodS,
  };
}

function misplaced(setting: string, reason: string): MeanetError {
  return new MeanetError("CONFIG_INVALID", `${setting}: ${reason}`, { setting });
}
