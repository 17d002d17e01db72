import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { formatIdx } from "./idx.ts";
import { idxFiles } from "./idx-folder.ts";
import { openDataset } from "./open-dataset.ts";

describe("a folder of IDX files", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "meanet-idx-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (name: string, dims: number[], bytes: number[]) =>
    writeFile(join(folder, name), formatIdx({ dims, data: Uint8Array.from(bytes) }));

  it("is a data set of any size, grey or in planes, with classes named by lines", async () => {
    await writeFile(join(folder, "classes.txt"), "bolt\nnut\n");
    await write(idxFiles.train.images, [2, 3, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    await write(idxFiles.train.labels, [2], [1, 0]);
    const dataset = await openDataset("idx", { from: folder });
    assert.deepEqual(dataset.shape, [3, 1, 2]);
    assert.deepEqual(dataset.classes, ["bolt", "nut"]);
    const { images, labels } = await dataset.read("train");
    assert.deepEqual([...images.subarray(6)], [7, 8, 9, 10, 11, 12]);
    assert.deepEqual([...labels], [1, 0]);
    assert.equal(await dataset.has("test"), false);
  });

  it("names what is missing or does not fit", async () => {
    const opening = () => openDataset("idx", { from: folder });
    await assert.rejects(openDataset("idx"), (error) => isMeanetError(error, "DATASET_MISSING"));
    await assert.rejects(opening, /holds neither part/);
    await write(idxFiles.test.images, [2, 1, 2], [1, 2, 3, 4]);
    await write(idxFiles.test.labels, [2], [0, 2]);
    await assert.rejects(opening, /no classes\.txt/);
    for (const names of ["bolt\n", "bolt\nnut\nbolt \n"]) {
      await writeFile(join(folder, "classes.txt"), names);
      await assert.rejects(opening, /classes\.txt: \d classes \(bolt.*expected two or more, each once/);
    }
    await writeFile(join(folder, "classes.txt"), "bolt\nnut\n");
    await assert.rejects(opening, /a label that is not one of 0 … 1/);
    await write(idxFiles.test.labels, [3], [0, 1, 1]);
    await assert.rejects(opening, /one label an image/);
    await write(idxFiles.test.images, [4], [1, 2, 3, 4]);
    await assert.rejects(opening, /expected n x H x W or C x H x W/);
  });
});
