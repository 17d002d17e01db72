import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { LabelledWindows } from "@meanet/models";
import { writeActivityWindows } from "@meanet/models/testing";
import { decodeWindow } from "@meanet/protocol";
import { imageSample, openStream } from "./open-stream.ts";
import { sensorSource, subjectsOf } from "./sensor-source.ts";

/** Windows of one channel and two readings, the first of which is the window's place. */
function windowsOf(subjects: readonly number[]): LabelledWindows {
  const shared = (values: ArrayLike<number>) => {
    const array = new Uint8Array(new SharedArrayBuffer(values.length));
    array.set(values);
    return array;
  };
  const windows = new Float32Array(new SharedArrayBuffer(subjects.length * 8));
  for (const place of subjects.keys()) windows[2 * place] = place;
  return {
    kind: "window",
    count: subjects.length,
    shape: [1, 2],
    rateHz: 50,
    windows,
    labels: shared(subjects.map((_, place) => place % 2)),
    subjects: shared(subjects),
  };
}

describe("sensorSource", () => {
  it("sends a window of each subject in turn, each subject's in order and again from the first", () => {
    const windows = windowsOf([4, 4, 2, 2, 2, 4]);
    const source = sensorSource(windows, ["walking", "sitting"], subjectsOf(windows));
    const places = Array.from({ length: 8 }, (_, index) => decodeWindow(source.at(index).payload, [1, 2])[0]);
    assert.deepEqual(places, [2, 0, 3, 1, 4, 5, 2, 0]);
    assert.deepEqual(
      [source.at(0).label, source.at(3).label, source.at(3).classIndex],
      ["walking", "sitting", 1],
    );
  });

  it("leaves out the windows of other subjects", () => {
    const source = sensorSource(windowsOf([4, 2, 4]), ["walking", "sitting"], [4]);
    assert.equal(source.count, 2);
    assert.deepEqual(
      [0, 1, 2].map((index) => decodeWindow(source.at(index).payload, [1, 2])[0]),
      [0, 2, 0],
    );
  });
});

describe("openStream", () => {
  let folder: string;
  let written: LabelledWindows;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "meanet-stream-"));
    written = await writeActivityWindows(join(folder, "har"));
  });
  after(() => rm(folder, { recursive: true }));

  it("plays cameras at the rate that is asked for", async () => {
    const stream = await openStream({ dataset: imageSample, encoding: "png", rate: 7, devices: 2 });
    assert.deepEqual([stream.kind, stream.rate, stream.names], ["image", 7, ["camera-1", "camera-2"]]);
  });

  it("plays sensors at the rate that they have in life, or faster: a window of 128 readings each 1.28 s", async () => {
    const windows = { dataset: "uci-har", data: join(folder, "har"), encoding: "png" } as const;
    const names = subjectsOf(written).map((subject) => `sensor-${subject}`);
    const stream = await openStream(windows);
    assert.deepEqual([stream.kind, stream.names, stream.source.count], ["window", names, written.count]);
    assert.ok(Math.abs(stream.rate - names.length / 1.28) < 1e-9);
    const faster = await openStream({ ...windows, devices: 2, speed: 16 });
    assert.deepEqual([faster.names, faster.rate], [names.slice(0, 2), 25]);
  });

  it("says where UCI HAR comes from when its windows are not there", async () => {
    await assert.rejects(openStream({ dataset: "uci-har", data: folder, encoding: "png" }), {
      code: "DATASET_MISSING",
      message:
        /unpack the archive of https:\/\/archive\.ics\.uci\.edu\/dataset\/240\S* there, or name its folder .*--sensor-data/,
    });
  });

  it("sends the pictures of a folder as they lie in their files, classes mixed and again from the first", async () => {
    const written = ["bolt", "bolt", "bolt", "nut", "nut", "nut"].map((name, place) => ({ name, place }));
    for (const { name, place } of written) {
      const of = join(folder, "pictures", "test", name);
      await mkdir(of, { recursive: true });
      await writeFile(join(of, `${place}.jpg`), `bytes of ${place}`);
    }
    const pictures = { dataset: "image-folder", data: join(folder, "pictures"), encoding: "png" } as const;
    const { source, rate } = await openStream(pictures);
    assert.deepEqual([source.count, rate], [6, 100]);
    const sent = Array.from({ length: 6 }, (_, index) => source.at(index));
    for (const { name, place } of written) {
      const frame = sent.find(({ payload }) => Buffer.from(payload).toString() === `bytes of ${place}`);
      assert.equal(frame?.label, name);
    }
    assert.notDeepEqual(
      sent.map(({ classIndex }) => classIndex),
      [0, 0, 0, 1, 1, 1],
    );
    assert.deepEqual(source.at(6), sent[0]);
    for (const refused of [{ encoding: "raw" }, { data: undefined }] as const) {
      await assert.rejects(openStream({ ...pictures, ...refused }), { code: "CONFIG_INVALID" });
    }
  });

  it("refuses settings of the other kind of data", async () => {
    const images = { dataset: imageSample, encoding: "raw" } as const;
    const windows = { dataset: "uci-har", data: join(folder, "har"), encoding: "raw" } as const;
    await assert.rejects(openStream({ ...images, speed: 2 }), { code: "CONFIG_INVALID", message: /^speed/ });
    await assert.rejects(openStream({ ...windows, rate: 2 }), { code: "CONFIG_INVALID", message: /^rate/ });
    await assert.rejects(openStream({ ...windows, devices: 99 }), {
      code: "CONFIG_INVALID",
      message: /^devices/,
    });
  });
});
