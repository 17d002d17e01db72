import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabelledImages } from "../data/dataset.ts";
import { buildStatistics, buildTrainingStep, statisticCount } from "../graph/index.ts";
import { initialise, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import type { Augmentation } from "./augmentation.ts";
import { imageAugmentationSchema } from "./augmentation.ts";
import { Shards } from "./shards.ts";

const batch = 8;
const white: LabelledImages = {
  kind: "image",
  shape: [1, 12, 12],
  count: 16,
  images: new Uint8Array(new SharedArrayBuffer(16 * 144)).fill(255),
  labels: new Uint8Array(new SharedArrayBuffer(16)),
};
const { main } = meanetParts(
  meanetSpecSchema.parse({
    input: [1, 12, 12],
    classes: 4,
    hardClasses: 2,
    variant: "A",
    backbone: { widths: [4, 6], blocks: [1, 1] },
  }),
);

async function observed(augmentation: Augmentation): Promise<Float32Array[]> {
  const { theta } = initialise(main, 1);
  const shards = await Shards.start({
    step: buildTrainingStep(main, { batch, momentum: 0.9, weightDecay: 0 }).onnx,
    observation: buildStatistics(main, { batch }).onnx,
    batch,
    shards: 2,
    threads: 2,
    labelled: white,
    targetOf: [0, 1, 2, 3],
    targets: 4,
    input: { kind: "image", shape: [1, 12, 12], mean: [0.5], std: [0.5] },
    augmentation,
    seed: 1,
    theta,
    momentum: new Float32Array(theta.length),
    statistics: statisticCount(main.graph),
  });
  try {
    return await shards.observe(Uint32Array.from({ length: 16 }, (_, index) => index));
  } finally {
    await shards.close();
  }
}

test("batch statistics are those of frames augmented as in training, the same each time", async () => {
  const augmentation = imageAugmentationSchema.parse({ pad: 4 });
  const [plain, cropped, again] = [
    await observed(imageAugmentationSchema.parse({ flip: false, pad: 0 })),
    await observed(augmentation),
    await observed(augmentation),
  ];
  // Two shards of one drawn border each: unlike among themselves, unlike the white frames without a border.
  assert.deepEqual(plain[0], plain[1]);
  assert.notDeepEqual(cropped[0], cropped[1]);
  assert.notDeepEqual(cropped[0], plain[0]);
  assert.deepEqual(cropped, again);
});
