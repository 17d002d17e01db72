import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { loadBundle } from "../bundle/bundle.ts";
import { zooPath } from "../bundle/zoo.ts";
import { evaluate } from "../evaluation/evaluate.ts";
import { openFrames } from "../evaluation/frames.ts";
import { predictPlain } from "../evaluation/predict.ts";
import { argmax } from "../routing.ts";
import { openDataset } from "./open-dataset.ts";

const folders: string[] = [];
const names = Array.from({ length: 100 }, (_, index) => `class ${index}`);

/** A folder as the official archive unpacks to, of as many records as labels. */
async function folderOf(parts: { train?: readonly number[]; test?: readonly number[] }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "meanet-cifar-100-"));
  folders.push(folder);
  await writeFile(join(folder, "fine_label_names.txt"), `${names.join("\n")}\n`);
  for (const [split, labels] of Object.entries(parts)) {
    const records = labels.map((fine, index) => {
      const record = Buffer.alloc(2 + 3072, index);
      record[0] = fine % 20; // the coarse class
      record[1] = fine;
      record[2 + 1024] = 200; // the first pixel of green
      return record;
    });
    await writeFile(join(folder, `${split}.bin`), Buffer.concat(records));
  }
  return folder;
}

after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe("CIFAR-100", () => {
  it("is read from records of coarse class, fine class and three planes", async () => {
    const data = await openDataset("cifar-100", { from: await folderOf({ test: [7, 99, 0] }) });
    const images = await data.read("test");
    assert.deepEqual([images.count, images.shape], [3, [3, 32, 32]]);
    assert.deepEqual([...images.labels], [7, 99, 0]);
    assert.deepEqual([...images.images.subarray(3072 + 1023, 3072 + 1026)], [1, 200, 1]);
    assert.deepEqual(data.classes, names);
  });

  it("knows which parts the folder holds", async () => {
    const data = await openDataset("cifar-100", { from: await folderOf({ train: [1] }) });
    assert.deepEqual([await data.has("train"), await data.has("test")], [true, false]);
    await assert.rejects(data.read("test"), (error) => isMeanetError(error, "DATASET_MISSING"));
  });

  it("is found in the folder that its archive was unpacked in", async () => {
    const folder = await folderOf({});
    await rename(await folderOf({ test: [3] }), join(folder, "cifar-100-binary"));
    const data = await openDataset("cifar-100", { from: folder });
    assert.equal(data.folder, join(folder, "cifar-100-binary"));
    assert.equal((await data.read("test")).count, 1);
  });

  it("needs no list of names: the official ones are known", async () => {
    const from = await folderOf({ test: [0] });
    await rm(join(from, "fine_label_names.txt"));
    const { classes } = await openDataset("cifar-100", { from });
    const { manifest } = await loadBundle(zooPath("cifar100-resnet32-a"));
    assert.deepEqual(classes, manifest.classes);
  });

  it("has names that cannot be read: that is told, and not passed over", async () => {
    const from = await folderOf({ test: [0] });
    await rm(join(from, "fine_label_names.txt"));
    await mkdir(join(from, "fine_label_names.txt"));
    await assert.rejects(openDataset("cifar-100", { from }), (error) =>
      isMeanetError(error, "DATASET_CORRUPT"),
    );
  });

  it("is missing where a folder holds neither part, and says where it comes from", async () => {
    const from = await folderOf({});
    await assert.rejects(
      openDataset("cifar-100", { from }),
      (error) => isMeanetError(error, "DATASET_MISSING") && error.message.includes("cs.toronto.edu"),
    );
  });

  it("is corrupt when a file ends within a record, or a class is none", async () => {
    const from = await folderOf({ train: [1, 2], test: [100] });
    await writeFile(join(from, "train.bin"), Buffer.alloc(3074 + 5));
    const data = await openDataset("cifar-100", { from });
    for (const split of ["train", "test"] as const) {
      await assert.rejects(data.read(split), (error) => isMeanetError(error, "DATASET_CORRUPT"));
    }
  });

  it("is corrupt when its list of names is another's", async () => {
    const from = await folderOf({ train: [1] });
    await writeFile(join(from, "fine_label_names.txt"), "cat\ndog\n");
    await assert.rejects(openDataset("cifar-100", { from }), (error) =>
      isMeanetError(error, "DATASET_CORRUPT"),
    );
  });
});

it("a bundle of the zoo is judged on any folder that holds test.bin", async () => {
  const records = Array.from({ length: 6 }, (_, index) => index);
  const { manifest, files } = await loadBundle(zooPath("cifar100-resnet32-a"));
  const open = async (labels: readonly number[]) => {
    const from = await folderOf({ test: labels });
    await rm(join(from, "fine_label_names.txt"));
    return openDataset("cifar-100", { from });
  };
  const frames = await openFrames(await open(records), "test", manifest);
  const answers = (await predictPlain(files.cloud!, "y", frames)).map(argmax);
  // Labels that make the cloud right about every second frame.
  const labels = answers.map((answer, index) => (answer + (index % 2)) % 100);
  const figures = await evaluate({ manifest, files }, await open(labels), "test");
  assert.deepEqual([figures.n, figures.split, figures.cloud?.accuracy], [6, "test", 0.5]);
  assert.equal(figures.curve[0]?.accuracy, 0.5);
});
