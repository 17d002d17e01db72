import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { activities, activityWindows, writeActivityWindows } from "../testing/activity-windows.ts";
import type { LabelledWindows } from "./dataset.ts";
import { openDataset } from "./open-dataset.ts";
import { writeCompactPart } from "./uci-har-compact.ts";
import { uciHarChannels } from "./uci-har-part.ts";

const corrupt = (error: unknown) => isMeanetError(error, "DATASET_CORRUPT");
const missing = (error: unknown) => isMeanetError(error, "DATASET_MISSING");

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

  it("reads the compact layout: windows, labels and subjects as they were written", async () => {
    const written = await writeActivityWindows(folder);
    const dataset = await openDataset("uci-har", { from: folder });
    assert.deepEqual(dataset.classes, activities);
    assert.equal(dataset.redistributable, false);
    assert.deepEqual(await dataset.read("test"), written);
  });

  it("reads the official layout, in its folder or the one around it, to the same windows", async () => {
    const sample = activityWindows();
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
    await writeOfficial(folder, activityWindows(), [0, 1]);
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
    await assert.rejects(
      data.read("test"),
      /body_gyro_y_test\.txt: reading 1 in line 2 is "x", expected a number/,
    );
    await rm(signal);
    await assert.rejects(data.read("test"), missing);
    await writeFile(join(folder, "test", "y_test.txt"), "7\n0\n");
    await assert.rejects(data.read("test"), corrupt);
  });

  it("refuses compact files that do not fit each other", async () => {
    await writeActivityWindows(folder);
    const data = await openDataset("uci-har", { from: folder });
    await writeFile(join(folder, "test_subjects.u8"), new Uint8Array(95));
    await assert.rejects(data.read("test"), /96 windows, 96 labels and 95 subjects/);
    await writeFile(join(folder, "test_labels.u8"), new Uint8Array(96).fill(6));
    await writeFile(join(folder, "test_subjects.u8"), new Uint8Array(96));
    await assert.rejects(data.read("test"), /a label that is none of its 6 activities/);
    await writeActivityWindows(folder);
    const floats = await readFile(join(folder, "test.f32"));
    floats.writeFloatLE(Number.NaN, 4 * (2 * 9 * 128 + 5));
    await writeFile(join(folder, "test.f32"), floats);
    await assert.rejects(data.read("test"), /no finite number, NaN in window 2/);
    await appendFile(join(folder, "test.f32"), "?");
    await assert.rejects(data.read("test"), corrupt);
    await writeFile(join(folder, "channels.txt"), "total_acc_x\n");
    await assert.rejects(openDataset("uci-har", { from: folder }), corrupt);
  });

  it("says which part a folder lacks", async () => {
    await assert.rejects(openDataset("uci-har", { from: folder }), missing);
    await writeActivityWindows(folder);
    await assert.rejects((await openDataset("uci-har", { from: folder })).read("train"), missing);
  });
});
