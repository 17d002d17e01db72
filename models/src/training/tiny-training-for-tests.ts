import { join } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { openDataset } from "../data/open-dataset.ts";

export const schedule = { kind: "one-cycle", peak: 0.1 };

/** A recipe of seconds, as it would be written by hand. */
export const tinyRecipe = {
  name: "tiny",
  version: "1.0.0",
  data: { name: "fashion-mnist", heldOut: 200 },
  seed: 3,
  batch: { shards: 2, frames: 16 },
  edge: {
    input: [1, 28, 28],
    classes: 10,
    hardClasses: 5,
    variant: "A",
    backbone: { widths: [4, 6, 8], blocks: [1, 1, 1], stemStride: 2 },
    exitPool: 3,
  },
  cloud: { input: [1, 28, 28], classes: 10, backbone: { widths: [6, 8], blocks: [1, 1], stemStride: 2 } },
  train: {
    main: { epochs: 3, schedule, evaluateEvery: 9 },
    extension: { epochs: 2, schedule, evaluateEvery: 9 },
    cloud: { epochs: 2, schedule, evaluateEvery: 9, labelSmoothing: 0.1, augmentation: { cutout: 6 } },
  },
};

/** The sample's 1000 frames in place of a training set: 800 to learn from, 200 held out. */
export async function openTinyData(): Promise<Dataset> {
  const sample = await openDataset("fashion-mnist", {
    from: join(import.meta.dirname, "..", "..", "samples", "fashion-mnist"),
  });
  return { ...sample, has: async (split) => split === "train", read: () => sample.read("test") };
}
