import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import type { Bundle } from "../bundle/bundle.ts";
import { goldenErrors, readGolden } from "../bundle/golden.ts";
import { addReference, drawReference, readReference } from "../bundle/reference.ts";
import type { Dataset, LabelledWindows } from "../data/dataset.ts";
import { gather } from "../data/gather.ts";
import { openDataset } from "../data/open-dataset.ts";
import { evaluate } from "../evaluation/evaluate.ts";
import { openFrames } from "../evaluation/frames.ts";
import { writeActivityWindows } from "../testing/activity-windows.ts";
import { parseRecipe, readRecipe } from "./recipe.ts";
import { train, trainPart } from "./train.ts";

const models = join(import.meta.dirname, "..", "..");
const input = [9, 128];
const part = {
  epochs: 6,
  schedule: { kind: "one-cycle", peak: 0.1 },
  evaluateEvery: 9,
  augmentation: { kind: "window", scale: 0.1, noise: 0.1, shift: 4 },
};
const written = {
  name: "tiny-windows",
  version: "1.0.0",
  data: { name: "uci-har", heldOutSubjects: 3 },
  seed: 1,
  batch: { shards: 1, frames: 8 },
  edge: {
    input,
    classes: 6,
    hardClasses: 3,
    variant: "A",
    backbone: { widths: [8, 8, 8], blocks: [1, 1, 1], kernel: 5, stemStride: 4 },
    exitPool: "global",
  },
  cloud: {
    input,
    classes: 6,
    backbone: { widths: [8, 16], blocks: [1, 1], kernel: 5, stemStride: 4 },
  },
  train: { main: part, extension: part, cloud: part },
};

describe("a bundle trained of sensor windows", () => {
  let root: string;
  let sample: Dataset<LabelledWindows>;
  let data: Dataset<LabelledWindows>;
  let bundle: Bundle;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "meanet-windows-"));
    await writeActivityWindows(join(root, "data"));
    sample = await openDataset("uci-har", { from: join(root, "data") });
    // Its test part stands in for a training set.
    data = { ...sample, has: async (split) => split === "train", read: () => sample.read("test") };
    bundle = await train(parseRecipe(written, "test"), {
      out: join(root, "out"),
      work: join(root, "work"),
      data,
    });
  });
  after(() => rm(root, { recursive: true }));

  it("says what a window is", () => {
    const { kind, shape, mean, std } = bundle.manifest.input;
    assert.deepEqual([kind, shape, mean.length, std.length], ["window", input, 9, 9]);
    assert.ok(bundle.manifest.input.kind === "window" && bundle.manifest.input.rateHz === 50);
  });

  it("held out whole subjects, and is evaluated on all of their windows and no other", async () => {
    const { heldOutSubjects, heldOutCount, trainCount } = bundle.manifest.provenance.data;
    assert.equal(heldOutSubjects?.length, 3);
    assert.equal(heldOutCount + trainCount, 96);
    const { indices } = await openFrames(data, "held-out", bundle.manifest);
    const { subjects } = await data.read("train");
    assert.deepEqual([...new Set([...indices].map((index) => subjects[index]!))], [...heldOutSubjects!]);
    assert.equal(indices.length, heldOutCount);
  });

  it("answers better than chance what it never saw, as its golden.json says, and has a card", async () => {
    const { main, cloud } = await evaluate(bundle, data, "held-out");
    assert.ok(main.accuracy > 0.4, `${main.accuracy}`);
    assert.ok(cloud!.accuracy > 0.4, `${cloud!.accuracy}`);
    const errors = await goldenErrors(bundle.files, await readGolden(bundle.dir));
    assert.ok(Object.values(errors).every((error) => error < 1e-5));
    const card = await readFile(join(bundle.dir, "card.md"), "utf8");
    assert.match(card, /window of 9 x 128 readings \(channels, time\) at 50 Hz/);
    assert.match(card, /all those of subjects \d+, \d+, \d+, were held out/);
  });

  it("holds no window of data that may not be passed on: golden inputs are noise, and reference frames are for the user to add", async () => {
    assert.deepEqual((await readdir(bundle.dir)).sort(), [
      ...["card.md", "cloud.onnx", "evaluation.json", "extension.onnx", "golden.json"],
      ...["main.onnx", "manifest.json"],
    ]);
    assert.match(await readFile(join(bundle.dir, "card.md"), "utf8"), /any commercial use is prohibited/);
    const { main } = (await readGolden(bundle.dir)).cases;
    const { dims, base64 } = main!.inputs.x!;
    assert.deepEqual(dims, [4, 9, 1, 128]);
    const golden = new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
    const mean = golden.reduce((sum, value) => sum + value, 0) / golden.length;
    const square = golden.reduce((sum, value) => sum + value ** 2, 0) / golden.length;
    assert.ok(Math.abs(mean) < 0.05 && Math.abs(square - 1) < 0.1, `${mean}, ${square}`);
    const { labelled, indices } = await openFrames(data, "held-out", bundle.manifest);
    const first = gather(labelled, indices.subarray(0, 4), bundle.manifest.input).data;
    const same = golden.filter((value, at) => Math.abs(value - Number(first[at])) < 1e-3).length;
    assert.ok(same < 50, `${same} of ${golden.length} values`);

    await cp(bundle.dir, join(root, "own"), { recursive: true });
    const own = await addReference(
      join(root, "own"),
      drawReference(labelled, indices, { perClass: 2, seed: 1 }),
    );
    assert.equal(readReference(own)?.labels.length, 12);
  });

  it("charges the upload of four bytes a reading", async () => {
    const { curve } = await evaluate(bundle, data, "held-out");
    assert.equal(curve[0]!.uplinkBytes, 4 * 9 * 128);
  });

  it("is not evaluated on images", async () => {
    const images = await openDataset("fashion-mnist", { from: join(models, "samples", "fashion-mnist") });
    await assert.rejects(evaluate(bundle, images, "test"), (error) =>
      isMeanetError(error, "INPUT_KIND_UNSUPPORTED"),
    );
  });

  it("is refused before any training when recipe and data do not fit", async () => {
    const invalid = (error: unknown) => isMeanetError(error, "RECIPE_INVALID");
    const other = structuredClone(written);
    other.edge.input = other.cloud.input = [9, 64];
    await assert.rejects(
      trainPart("main", parseRecipe(other, "test"), { work: join(root, "other"), data }),
      invalid,
    );
    for (const change of [
      { data: { name: "uci-har", heldOut: 9, heldOutSubjects: 3 } },
      { data: { name: "uci-har" } },
      { cloud: { ...written.cloud, input: [9, 64] } },
      { train: { ...written.train, main: { ...part, augmentation: { flip: true } } } },
    ]) {
      assert.throws(() => parseRecipe({ ...written, ...change }, "test"), invalid);
    }
  });
});

test("the recipe of the zoo's uci-har is read", async () => {
  const recipe = await readRecipe(join(models, "recipes", "uci-har.yaml"));
  assert.deepEqual(recipe.edge.input, input);
});
