import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { fashionMnistFiles, verifyOfficial } from "./fashion-mnist.ts";
import { formatIdx, pack, unpack } from "./idx.ts";
import { openDataset } from "./open-dataset.ts";
import { balancedIndices, writeTestSample } from "./sample.ts";

const sampleFolder = join(import.meta.dirname, "..", "..", "samples", "fashion-mnist");
const imagesFile = `${fashionMnistFiles.test.images.file}.gz`;
const labelsFile = `${fashionMnistFiles.test.labels.file}.gz`;

describe("Fashion-MNIST", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "meanet-data-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("reads the sample that comes with the project: 100 frames of each class", async () => {
    const dataset = await openDataset("fashion-mnist", { from: sampleFolder });
    const { count, shape, images, labels } = await dataset.read("test");
    assert.equal(count, 1000);
    assert.deepEqual(shape, [1, 28, 28]);
    assert.equal(images.length, 784_000);
    for (const classIndex of dataset.classes.keys()) {
      assert.equal(labels.filter((label) => label === classIndex).length, 100);
    }
  });

  it("makes the sample again from the official test set", async () => {
    const test = await (await openDataset("fashion-mnist", { download: false })).read("test");
    await writeTestSample(test, balancedIndices(test, 100), folder);
    for (const file of [imagesFile, labelsFile]) {
      const made = await unpack(await readFile(join(folder, file)), file);
      const kept = await unpack(await readFile(join(sampleFolder, file)), file);
      assert.ok(Buffer.from(made).equals(Buffer.from(kept)), `${file} differs`);
    }
  });

  it("finds the official files where Debian puts them, equal to their checksums", async () => {
    const dataset = await openDataset("fashion-mnist", { download: false });
    for (const [part, { images, labels }] of Object.entries(fashionMnistFiles)) {
      const read = await dataset.read(part === "train" ? "train" : "test");
      const header = formatIdx({ dims: [read.count, 28, 28], data: new Uint8Array() });
      const digest = createHash("sha256").update(header).update(read.images).digest("hex");
      assert.equal(digest, images.sha256);
      assert.equal(
        createHash("sha256")
          .update(formatIdx({ dims: [read.count], data: Uint8Array.from(read.labels) }))
          .digest("hex"),
        labels.sha256,
      );
    }
  });

  it("refuses a download that is not the official file", async () => {
    const other = await pack(formatIdx({ dims: [1], data: Uint8Array.of(3) }));
    await assert.rejects(verifyOfficial(other, fashionMnistFiles.test.labels, "mirror"), (error) =>
      isMeanetError(error, "DATASET_CORRUPT"),
    );
  });

  it("refuses labels that do not fit the images, and labels out of range", async () => {
    await cp(sampleFolder, folder, { recursive: true });
    const dataset = await openDataset("fashion-mnist", { from: folder });
    for (const labels of [new Uint8Array(999), new Uint8Array(1000).fill(10)]) {
      await writeFile(
        join(folder, labelsFile),
        await pack(formatIdx({ dims: [labels.length], data: labels })),
      );
      await assert.rejects(dataset.read("test"), (error) => isMeanetError(error, "DATASET_CORRUPT"));
    }
  });

  it("says which part a folder lacks", async () => {
    const dataset = await openDataset("fashion-mnist", { from: sampleFolder });
    await assert.rejects(dataset.read("train"), (error) => isMeanetError(error, "DATASET_MISSING"));
    await assert.rejects(openDataset("fashion-mnist", { from: tmpdir() }), (error) =>
      isMeanetError(error, "DATASET_MISSING"),
    );
    await assert.rejects(openDataset("no-such-set"), (error) => isMeanetError(error, "DATASET_MISSING"));
  });
});
