import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError, MeanetError } from "@meanet/runtime";
import type { Bundle } from "../bundle/bundle.ts";
import { goldenErrors, readGolden } from "../bundle/golden.ts";
import type { Dataset } from "../data/dataset.ts";
import { evaluate } from "../evaluation/evaluate.ts";
import type { EpochProgress, TrainingProgress } from "./progress.ts";
import { parseRecipe, type Recipe, readRecipe } from "./recipe.ts";
import { openTinyData, tinyRecipe } from "./tiny-training-for-tests.ts";
import { train, trainPart } from "./train.ts";
import type { TrainOptions } from "./train-options.ts";

const recipe: Recipe = parseRecipe(tinyRecipe, "test");

describe("train", () => {
  let root: string;
  let data: Dataset;
  let whole: Bundle;
  const epochs: EpochProgress[] = [];
  const run = (name: string, options: Partial<TrainOptions> = {}) =>
    train(recipe, { out: join(root, name), work: join(root, `${name}.work`), data, ...options });

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "meanet-train-"));
    data = await openTinyData();
    whole = await run("whole", {
      onProgress: (progress) => {
        if (progress.kind === "epoch") epochs.push(progress);
      },
    });
  });
  after(() => rm(root, { recursive: true }));

  it("learns: the loss of every part falls, and main beats chance by far on frames it never saw", () => {
    for (const part of ["main", "extension", "cloud"] as const) {
      const losses = epochs.filter((epoch) => epoch.part === part).map((epoch) => epoch.loss);
      assert.ok(losses.at(-1)! < losses[0]!, `${part}: ${losses.join(", ")}`);
    }
    const main = epochs.filter((epoch) => epoch.part === "main").at(-1)!;
    assert.ok(main.heldOutAccuracy! > 0.3, `${main.heldOutAccuracy}`);
  });

  it("is bitwise the same after an abort within an epoch and a resume, on another number of threads", async () => {
    for (const stopAt of [
      { part: "main", epoch: 1, step: 7 },
      { part: "extension", epoch: 0, step: 2 },
    ] as const) {
      const abort = new AbortController();
      const onProgress = (progress: TrainingProgress) => {
        const { part, epoch } = stopAt;
        if (progress.kind === "step" && progress.part === part && progress.epoch === epoch) {
          if (progress.step === stopAt.step) abort.abort();
        }
      };
      await assert.rejects(run("resumed", { onProgress, signal: abort.signal }), (error) =>
        isMeanetError(error, "TRAINING_ABORTED"),
      );
    }
    const resumed = await run("resumed", { threads: 1 });
    for (const file of ["main.onnx", "extension.onnx", "cloud.onnx"]) {
      const expected = await readFile(join(whole.dir, file));
      assert.ok(expected.equals(await readFile(join(resumed.dir, file))), `${file} differs`);
    }
  });

  it("refuses a checkpoint of another recipe", async () => {
    const other = { ...recipe, seed: 4 };
    await assert.rejects(trainPart("cloud", other, { work: join(root, "whole.work"), data }), (error) =>
      isMeanetError(error, "CHECKPOINT_MISMATCH"),
    );
  });

  it("refuses to go on with other frames: some held out now were learned from before", async () => {
    const read = async () => {
      const frames = await data.read("train");
      assert.ok(frames.kind === "image");
      const images = new Uint8Array(new SharedArrayBuffer(frames.images.length));
      // As many frames, each in the place of the one before it.
      images.set(frames.images.subarray(784));
      images.set(frames.images.subarray(0, 784), images.length - 784);
      return { ...frames, images };
    };
    const other: Dataset = { ...data, read };
    await assert.rejects(
      trainPart("cloud", recipe, { work: join(root, "whole.work"), data: other }),
      (error) => isMeanetError(error, "CHECKPOINT_MISMATCH") && /frames/.test(error.message),
    );
  });

  it("tells of a test part that cannot be read before it trains", async () => {
    const damage = new MeanetError("DATASET_CORRUPT", "the test part is damaged");
    const read: Dataset["read"] = async (split) => {
      if (split === "test") throw damage;
      return data.read("train");
    };
    let trained = 0;
    const training = run("damaged", {
      data: { ...data, has: async () => true, read },
      onProgress: () => trained++,
    });
    await assert.rejects(training, damage);
    assert.equal(trained, 0);
  });

  it("stops with TRAINING_FAILED when the loss is no number", async () => {
    const wild = structuredClone(recipe);
    wild.train.main!.schedule = { kind: "step", rate: 1e30, milestones: [], factor: 0.1 };
    await assert.rejects(trainPart("main", wild, { work: join(root, "wild.work"), data }), (error) =>
      isMeanetError(error, "TRAINING_FAILED"),
    );
  });

  it("stops with TRAINING_FAILED when the last step leaves parameters that give no numbers, and keeps no checkpoint of them", async () => {
    const wild = structuredClone(recipe);
    // One step an epoch: its loss is of the parameters before it.
    wild.batch = { shards: 2, frames: 200 };
    wild.data.use = 400;
    wild.train.main = { ...wild.train.main!, epochs: 1 };
    wild.train.main.schedule = { kind: "step", rate: 3e38, milestones: [], factor: 0.1 };
    wild.edge.hardClasses = 10;
    const work = join(root, "wild-step.work");
    await assert.rejects(trainPart("main", wild, { work, data }), (error) =>
      isMeanetError(error, "TRAINING_FAILED"),
    );
    assert.deepEqual(await readdir(work), ["log.jsonl"]);
  });

  it("writes a bundle that answers as its golden.json says, with figures and a card", async () => {
    const { files, manifest, dir } = whole;
    const errors = await goldenErrors(files, await readGolden(dir));
    assert.deepEqual(Object.keys(errors), ["main", "extension", "cloud"]);
    assert.ok(Object.values(errors).every((error) => error < 1e-5));
    assert.equal(manifest.hardClasses.length, 5);
    // Fashion-MNIST may be passed on: its frames travel with the bundle.
    assert.ok(files.reference !== undefined);
    const card = await readFile(join(dir, "card.md"), "utf8");
    const result = await evaluate(whole, data, "held-out");
    assert.equal(result.n, 200);
    assert.ok(card.includes(`${(100 * result.edge.accuracy).toFixed(2)} %`));
  });

  it("logs one JSON line an epoch", async () => {
    const log = await readFile(join(root, "whole.work", "log.jsonl"), "utf8");
    const lines = log
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as EpochProgress);
    assert.deepEqual(
      lines.map(({ part, epoch }) => `${part} ${epoch}`),
      ["main 1", "main 2", "main 3", "extension 1", "extension 2", "cloud 1", "cloud 2"],
    );
  });
});

describe("a recipe", () => {
  it("that names an unknown key is refused with that key", () => {
    assert.throws(
      () => parseRecipe({ ...recipe, epocs: 3 }, "recipe.yaml"),
      (error) => isMeanetError(error, "RECIPE_INVALID") && /epocs/.test(error.message),
    );
  });

  it("of the zoo's bundle is read with its defaults", async () => {
    const read = await readRecipe(join(import.meta.dirname, "..", "..", "recipes", "fashion-mnist.yaml"));
    assert.equal(read.train.main!.momentum, 0.9);
  });
});
