import assert from "node:assert/strict";
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { type LabelledWindows, openDataset } from "./dataset.ts";
import { spreadIndices } from "./sample.ts";
import { writeCompactPart } from "./uci-har-compact.ts";
import { uciHarChannels } from "./uci-har-part.ts";

const sampleFolder = join(import.meta.dirname, "..", "..", "samples", "uci-har");
const activities = ["WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING", "STANDING", "LAYING"];
const corrupt = (error: unknown) => isMeanetError(error, "DATASET_CORRUPT");
const missing = (error: unknown) => isMeanetError(error, "DATASET_MISSING");

const readSample = async () => (await openDataset("uci-har", { from: sampleFolder })).read("test");

/** Windows in the layout of the official archive. */
async function writeOfficial(folder: string, frames: LabelledWindows, indices: readonly number[]) {
  const signals = join(folder, "test", "Inertial Signals");
  await mkdir(signals, { recursive: true });
  const lines = (of: (index: number) => string) => `${indices.map(of).join("\n")}\n`;
  await writeFile(
    join(folder, "activity_labels.txt"),
    activities.map((name, index) => `${index + 1} ${name}\n`).join(""),
  );
  await writeFile(
    join(folder, "test", "y_test.txt"),
    lines((index) => `${frames.labels[index]! + 1}`),
  );
  await writeFile(
    join(folder, "test", "subject_test.txt"),
    lines((index) => `${frames.subjects[index]}`),
  );
  for (const [channel, name] of uciHarChannels.entries()) {
    const start = (index: number) => (index * 9 + channel) * 128;
    await writeFile(
      join(signals, `${name}_test.txt`),
      lines((index) => `  ${[...frames.windows.subarray(start(index), start(index) + 128)].join("  ")}`),
    );
  }
}

describe("UCI HAR", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "meanet-har-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("reads the sample that comes with the project: 16 windows of each activity, of all nine subjects", async () => {
    const dataset = await openDataset("uci-har", { from: sampleFolder });
    assert.deepEqual(dataset.classes, activities);
    const { kind, count, shape, rateHz, windows, labels, subjects } = await dataset.read("test");
    assert.deepEqual([kind, count, shape, rateHz], ["window", 96, [9, 128], 50]);
    assert.equal(windows.length, 96 * 9 * 128);
    for (const activity of activities.keys()) {
      assert.equal(labels.filter((label) => label === activity).length, 16);
    }
    assert.deepEqual([...new Set(subjects)], [2, 4, 9, 10, 12, 13, 18, 20, 24]);
  });

  it("finds gravity where it is: about 1 g in total acceleration, none in body acceleration", async () => {
    const { windows, count } = await readSample();
    const mean = (channel: number) => {
      let sum = 0;
      for (let index = 0; index < count; index++) {
        for (let at = 0; at < 128; at++) sum += windows[(index * 9 + channel) * 128 + at]!;
      }
      return sum / (count * 128);
    };
    const length = (first: number) => Math.hypot(mean(first), mean(first + 1), mean(first + 2));
    assert.ok(length(0) < 0.05, `body ${length(0)}`);
    assert.ok(length(6) > 0.6 && length(6) < 1.1, `total ${length(6)}`);
  });

  it("reads the official layout, in its folder or the one around it, to the same windows", async () => {
    const sample = await readSample();
    const indices = [3, 40, 95];
    await writeOfficial(join(folder, "UCI HAR Dataset"), sample, indices);
    await writeCompactPart(join(folder, "compact"), "test", activities, sample, indices);
    const compact = await openDataset("uci-har", { from: join(folder, "compact") });
    const expected = await compact.read("test");
    for (const from of [folder, join(folder, "UCI HAR Dataset")]) {
      const official = await openDataset("uci-har", { from });
      assert.deepEqual(official.classes, activities);
      assert.equal(await official.has("train"), false);
      assert.deepEqual(await official.read("test"), expected);
    }
  });

  it("refuses official files that do not fit each other, by name", async () => {
    const sample = await readSample();
    await writeOfficial(folder, sample, [0, 1]);
    const data = await openDataset("uci-har", { from: folder });
    const signal = join(folder, "test", "Inertial Signals", "body_gyro_y_test.txt");
    await appendFile(signal, "1 2 3\n");
    await assert.rejects(
      data.read("test"),
      /body_gyro_y_test\.txt: 3 windows, expected one for each of 2 labels/,
    );
    await writeFile(signal, "1 2 3\n4 5 6\n");
    await assert.rejects(data.read("test"), /3 readings in line 1, expected 128/);
    await writeFile(signal, `${Array(128).fill("1").join(" ")}\n${Array(128).fill("x").join(" ")}\n`);
    await assert.rejects(data.read("test"), /no finite number/);
    await rm(signal);
    await assert.rejects(data.read("test"), missing);
    await writeFile(join(folder, "test", "y_test.txt"), "7\n0\n");
    await assert.rejects(data.read("test"), corrupt);
  });

  it("refuses compact files that do not fit each other", async () => {
    await cp(sampleFolder, folder, { recursive: true });
    const data = await openDataset("uci-har", { from: folder });
    await writeFile(join(folder, "test_subjects.u8"), new Uint8Array(95));
    await assert.rejects(data.read("test"), /96 windows, 96 labels and 95 subjects/);
    await writeFile(join(folder, "test_labels.u8"), new Uint8Array(96).fill(6));
    await writeFile(join(folder, "test_subjects.u8"), new Uint8Array(96));
    await assert.rejects(data.read("test"), /a label that is none of its 6 activities/);
    await appendFile(join(folder, "test.f32"), "?");
    await assert.rejects(data.read("test"), corrupt);
    await writeFile(join(folder, "channels.txt"), "total_acc_x\n");
    await assert.rejects(openDataset("uci-har", { from: folder }), corrupt);
  });

  it("says which part a folder lacks", async () => {
    await assert.rejects(openDataset("uci-har", { from: folder }), missing);
    await assert.rejects((await openDataset("uci-har", { from: sampleFolder })).read("train"), missing);
  });
});

describe("spreadIndices", () => {
  it("takes as many of each class, from its whole length", async () => {
    const sample = await readSample();
    const picked = spreadIndices(sample, 2);
    assert.equal(picked.length, 12);
    assert.deepEqual(
      picked,
      picked.toSorted((a, b) => a - b),
    );
    const perClass = Map.groupBy(picked, (index) => sample.labels[index]!);
    for (const indices of perClass.values()) assert.equal(indices.length, 2);
  });
});
