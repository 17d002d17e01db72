import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { TensorViews } from "@meanet/inference";
import { isMeanetError } from "@meanet/runtime";
import { type ImageInput, readManifest } from "../bundle/manifest.ts";
import { toTensor } from "../bundle/tensor.ts";
import { zooPath } from "../bundle/zoo.ts";
import { type AdoptOptions, adopt, readClassifier } from "./adopt.ts";
import { answer, close } from "./adopt-for-tests.ts";

describe("a classifier of pictures of three channels and another size", () => {
  const trained: ImageInput = {
    kind: "image",
    shape: [3, 32, 32],
    mean: [0.5071, 0.4865, 0.4409],
    std: [0.2673, 0.2564, 0.2762],
  };
  const planes = Uint8Array.from({ length: 3 * 3 * 1024 }, (_, index) => (index * 7919) % 251);
  const feeds = (from: ImageInput) => ({ x: { data: toTensor(planes, from), dims: [3, ...from.shape] } });
  const options = { features: "/8/Relu_1_output_0", as: "y1", classes: 100 } as const;
  let bytes: Uint8Array;
  let expected: TensorViews;

  before(async () => {
    bytes = await readFile(join(zooPath("cifar100-resnet32-a"), "cloud.onnx"));
    expected = await answer(bytes, feeds(trained));
  });

  const adopted = async (frames: ImageInput, own?: AdoptOptions["own"]) =>
    adopt(await readClassifier(bytes, "wide.onnx"), {
      ...options,
      ...{ frames, own, examples: toTensor(planes, frames) },
    });

  it("is a main like any other: logits as before, a map of features behind them, a count of its graph", async () => {
    const { onnx, batch, features, count } = await adopted(trained);
    const { y1, F1 } = await answer(onnx, feeds(trained));
    close(y1!.data, expected.y!.data, 1e-4);
    assert.deepEqual([batch, features, F1!.dims], [undefined, [256, 8, 8], [3, 256, 8, 8]]);
    const { blocks } = await readManifest(zooPath("cifar100-resnet32-a"));
    assert.deepEqual(count, blocks.cloud);
  });

  it("takes frames of another normalisation than its own, each channel by numbers of its own", async () => {
    const bundle = { ...trained, mean: [0.2, 0.5, 0.8], std: [0.5, 0.25, 1] };
    const { y1 } = await answer((await adopted(bundle, trained)).onnx, feeds(bundle));
    close(y1!.data, expected.y!.data, 1e-3);
    // With the numbers of another channel the answers are others.
    const swapped = { mean: trained.mean.toReversed(), std: trained.std.toReversed() };
    const other = await answer((await adopted(bundle, swapped)).onnx, feeds(bundle));
    assert.throws(() => close(other.y1!.data, expected.y!.data, 1e-2), assert.AssertionError);
  });

  it("stays byte for byte what it is where it answers as the network of a bundle's cloud already", async () => {
    const { onnx } = await adopt(await readClassifier(bytes, "cloud.onnx"), {
      ...{ as: "y", classes: 100, frames: trained, examples: toTensor(planes, trained) },
    });
    assert.equal(Buffer.compare(onnx, bytes), 0);
  });

  it("is refused where the data's pictures have one channel", async () => {
    const grey: ImageInput = { kind: "image", shape: [1, 32, 32], mean: [0.5], std: [0.25] };
    const refused = adopt(await readClassifier(bytes, "wide.onnx"), {
      ...options,
      ...{ frames: grey, examples: toTensor(planes.subarray(0, 3 * 1024), grey) },
    });
    await assert.rejects(
      refused,
      (error) =>
        isMeanetError(error, "MODEL_UNFIT") && /3x32x32 .*data set's are 1x32x32/.test(error.message),
    );
  });
});
