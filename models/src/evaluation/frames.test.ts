import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { type Manifest, readManifest } from "../bundle/manifest.ts";
import { zooPath } from "../bundle/zoo.ts";
import type { Dataset } from "../data/dataset.ts";
import { openTinyData } from "../training/tiny-training-for-tests.ts";
import { openFrames } from "./frames.ts";

describe("the frames that a bundle is measured on", () => {
  let manifest: Manifest;
  let data: Dataset;
  before(async () => {
    manifest = await readManifest(zooPath("fashion-mnist"));
    data = await openTinyData();
  });
  const opened = (classes: readonly string[]) => openFrames({ ...data, classes }, "test", manifest);
  const refused = (tells: RegExp) => (error: unknown) =>
    isMeanetError(error, "DATASET_CHANGED") && tells.test(error.message);

  it("are refused when their classes stand in another order: their indices would mean others", async () => {
    const { classes } = manifest;
    await assert.rejects(
      opened(classes.toReversed()),
      refused(
        /"Ankle boot" is class 0 of .* and class 9 of the bundle; give the classes in the bundle's order/,
      ),
    );
    await assert.rejects(opened(classes.slice(0, 9)), refused(/has 9 classes, the bundle tells 10 apart/));
  });

  it("may have classes of other names, as one data set has by where it comes from", async () => {
    const { indices } = await opened(manifest.classes.map((name) => name.toUpperCase()));
    assert.equal(indices.length, 1000);
  });
});
