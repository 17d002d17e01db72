import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ErrorCode, isMeanetError } from "@meanet/runtime";
import { learnableExtension } from "../adaptation/learnable.ts";
import { loadBundle } from "../bundle/bundle.ts";
import { goldenErrors, readGolden } from "../bundle/golden.ts";
import type { Dataset } from "../data/dataset.ts";
import { evaluate } from "../evaluation/evaluate.ts";
import { OnnxFile } from "../onnx-file/index.ts";
import { leastAccuracy } from "./imported.ts";
import { type MainRecipeOptions, mainRecipe } from "./main-recipe.ts";
import { parseRecipe, type Recipe } from "./recipe.ts";
import { openTinyData, schedule, tinyRecipe } from "./tiny-training-for-tests.ts";
import { train, trainPart } from "./train.ts";
import type { TrainOptions } from "./train-options.ts";

const torch = join(import.meta.dirname, "..", "..", "samples", "torch-classifier");
/** The tiny edge in variant B, which does not split main; its exit pools the whole map. */
const { exitPool: _pool, ...wholeMain } = { ...tinyRecipe.edge, variant: "B" };
const normalisation = { mean: [0.286], std: [0.353] };

let root: string;
let data: Dataset;

before(async () => {
  root = await mkdtemp(join(tmpdir(), "meanet-imported-"));
  data = await openTinyData();
});
after(() => rm(root, { recursive: true }));

function recipeOf(
  changes: Partial<MainRecipeOptions> & { main: string; features?: string | undefined },
): Promise<Recipe> {
  return mainRecipe({
    name: "own",
    data,
    ...normalisation,
    epochs: 1,
    extensionBlocks: 1,
    flip: false,
    heldOut: 200,
    frames: 200,
    seed: 3,
    ...changes,
  });
}

function run(name: string, recipe: Recipe, options: Partial<TrainOptions> = {}) {
  return train(recipe, {
    out: join(root, name),
    work: join(root, `${name}.work`),
    data,
    folder: torch,
    ...options,
  });
}

const fixed = { main: join(torch, "fixed-batch.onnx"), features: "/stage3/stage3.2/Relu_output_0" };

describe("a bundle of a classifier made elsewhere", () => {
  it("answers as its golden.json says, tells where main is from, and is counted by main's graph", async () => {
    const { files, manifest, dir } = await run("whole", await recipeOf({ ...fixed, hardClasses: 4 }));
    const errors = await goldenErrors(files, await readGolden(dir));
    assert.deepEqual(Object.keys(errors), ["main", "extension"]);
    assert.ok(Object.values(errors).every((error) => error < 1e-5));
    assert.equal(manifest.hardClasses.length, 4);
    assert.deepEqual(manifest.input, { kind: "image", shape: [1, 28, 28], ...normalisation });
    assert.deepEqual(manifest.blocks.main, { parameters: 2008, macs: 254_880 });
    const { main } = manifest.provenance.imported!;
    assert.deepEqual(main?.tensors, { y1: "scores", F1: fixed.features });
    assert.equal(main?.producer, "pytorch 1.13.0");
    assert.match(
      await readFile(join(dir, "card.md"), "utf8"),
      /main is `fixed-batch\.onnx` \(sha256 8564d269/,
    );
    // An edge node may go on with it: its network is known though main's is not.
    const bundle = await loadBundle(dir);
    assert.equal(learnableExtension(bundle).part.graph.outputs.y2, "extension.exit.linear");
    const { main: figures, n } = await evaluate(bundle, data, "held-out");
    assert.equal(n, 200);
    assert.ok(figures.accuracy > 0.7, String(figures.accuracy));
  });

  it("is bitwise the same after an abort and a resume, on another number of threads", async () => {
    const recipe = await recipeOf(fixed);
    const whole = await run("straight", recipe);
    const abort = new AbortController();
    const onProgress: TrainOptions["onProgress"] = (progress) => {
      if (progress.kind === "step" && progress.step === 1) abort.abort();
    };
    await assert.rejects(run("resumed", recipe, { onProgress, signal: abort.signal }), (error) =>
      isMeanetError(error, "TRAINING_ABORTED"),
    );
    const { files } = await run("resumed", recipe, { threads: 1 });
    assert.deepEqual(files.extension, whole.files.extension);
  });

  it("runs and trains a main frame by frame where its batch cannot be opened", async () => {
    const file = OnnxFile.read(await readFile(fixed.main));
    const reshape = file.nodes.find(({ opType }) => opType === "Reshape")!;
    file.addNode("Identity", [reshape.input[1]!], "hidden");
    reshape.input[1] = "hidden";
    await writeFile(join(root, "single.onnx"), file.write());
    const single = await run("single", await recipeOf({ ...fixed, main: join(root, "single.onnx") }), {
      folder: root,
    });
    assert.equal(single.manifest.files.main.batch, 1);
    assert.equal(single.manifest.files.extension.batch, undefined);
    const any = await run("any", await recipeOf({ ...fixed }));
    assert.equal(any.manifest.files.main.batch, undefined);
    const [ofSingle, ofAny] = [
      await evaluate(single, data, "held-out"),
      await evaluate(any, data, "held-out"),
    ];
    assert.deepEqual(ofSingle.main, ofAny.main);
  });

  it("takes bytes with channels last, and a cloud network that normalises otherwise and ends in a softmax", async () => {
    const recipe = await recipeOf({
      main: join(torch, "nhwc-bytes.onnx"),
      features: "/inner/stage3/stage3.2/Relu_output_0",
      mean: undefined,
      std: undefined,
    });
    const cloud = { onnx: "softmax.onnx", ...normalisation };
    const { manifest, files, dir } = await run("bytes", parseRecipe({ ...recipe, cloud }, "test"));
    assert.deepEqual([manifest.input.mean, manifest.input.std], [[0], [1 / 255]]);
    assert.equal(manifest.provenance.imported?.cloud?.tensors.y, "/0/classify/Gemm_output_0");
    assert.deepEqual(manifest.blocks.cloud, manifest.blocks.main);
    const errors = await goldenErrors(files, await readGolden(dir));
    assert.deepEqual(Object.keys(errors), ["main", "extension", "cloud"]);
    // The same weights in both files: main and cloud must agree.
    const { main, cloud: ofCloud } = await evaluate(await loadBundle(dir), data, "held-out");
    assert.ok(Math.abs(main.accuracy - ofCloud!.accuracy) <= 0.01, `${main.accuracy}, ${ofCloud!.accuracy}`);
  });

  const refusals: { name: string; code: ErrorCode; tells: RegExp; changes: Partial<MainRecipeOptions> }[] = [
    {
      name: "a file that is not there",
      changes: { main: join(torch, "nothing.onnx") },
      code: "MODEL_INVALID",
      tells: /nothing\.onnx cannot be read/,
    },
    {
      name: "a cloud network that is not there, before anything is trained",
      changes: { cloud: join(torch, "nothing.onnx") },
      code: "MODEL_INVALID",
      tells: /nothing\.onnx cannot be read; expected an ONNX file: .*cloud\.onnx of a bundle/,
    },
    {
      name: "a normalisation for more channels than there are",
      changes: { mean: [0.5, 0.5, 0.5] },
      code: "RECIPE_INVALID",
      tells: /mean is 0\.5, 0\.5, 0\.5; expected 1 number/,
    },
    {
      name: "a deviation of 0",
      changes: { std: [0] },
      code: "RECIPE_INVALID",
      tells: /std is 0; expected 1 number above 0/,
    },
    {
      name: "a normalisation of bytes",
      changes: {
        main: join(torch, "nhwc-bytes.onnx"),
        features: "/inner/stage3/stage3.2/Relu_output_0",
      },
      code: "RECIPE_INVALID",
      tells: /takes bytes as they are; expected neither mean nor std/,
    },
    {
      name: "a normalisation so wrong that main only guesses",
      changes: { std: [100] },
      code: "MODEL_UNFIT",
      tells: /hardly more than guessing; .*check mean and std/,
    },
    {
      name: "a normalisation of bytes from 0 to 255",
      changes: { mean: [72.9], std: [90] },
      code: "RECIPE_INVALID",
      tells: /mean is 72\.9; expected it of byte\/255.*divide mean and std by 255/,
    },
    {
      name: "more hard classes than classes",
      changes: { hardClasses: 11 },
      code: "RECIPE_INVALID",
      tells: /expected at most as many as classes/,
    },
  ];
  for (const { name, changes, code, tells } of refusals) {
    it(`refuses ${name}`, async () => {
      const refused = async () => run("refused", await recipeOf({ ...fixed, ...changes }));
      await assert.rejects(refused, (error) => {
        assert.ok(isMeanetError(error, code), String(error));
        assert.match(error.message, tells);
        return true;
      });
    });
  }
});

it("a classifier is taken for one of the data when it is clearly better than guessing, of two classes too", () => {
  const least = [2, 3, 10, 100].map((classes) => Math.round(1000 * leastAccuracy(classes)) / 1000);
  assert.deepEqual(least, [0.55, 0.4, 0.15, 0.015]);
});

it("main is trained alone while the cloud's file is still being made", async () => {
  const recipe = parseRecipe(
    {
      ...tinyRecipe,
      name: "early",
      data: { ...tinyRecipe.data, use: 64 },
      edge: { ...wholeMain, backbone: { widths: [4], blocks: [1], stemStride: 2 } },
      cloud: { onnx: "not-yet.onnx" },
      train: { main: { epochs: 1, schedule }, extension: { epochs: 1, schedule } },
    },
    "test",
  );
  await trainPart("main", recipe, { work: join(root, "early.work"), data, folder: root });
  await assert.rejects(run("early", recipe), (error) => isMeanetError(error, "MODEL_INVALID"));
});

describe("an extension behind a main that is only run", () => {
  it("learns what it learns behind the same main as constants of its graph", async () => {
    const { cloud: _network, ...tiny } = tinyRecipe;
    const backbone = { widths: [4, 6], blocks: [1, 1], stemStride: 2 };
    const shared = { ...tiny, edge: { ...wholeMain, backbone, extensionBlocks: 1 } };
    const extension = { epochs: 1, schedule };
    // Beside a main that is trained here: the cloud's network alone is made elsewhere.
    const cloud = { onnx: "softmax.onnx", ...normalisation };
    const native = await run(
      "native",
      parseRecipe({ ...shared, cloud, train: { main: { epochs: 3, schedule }, extension } }, "test"),
    );
    assert.deepEqual(Object.keys(native.manifest.provenance.imported ?? {}), ["cloud"]);
    await copyFile(join(native.dir, "main.onnx"), join(root, "main.onnx"));
    const { mean, std } = native.manifest.input;
    const main = { onnx: "main.onnx", features: "F1", logits: "y1", mean, std };
    const imported = await run("opaque", parseRecipe({ ...shared, main, train: { extension } }, "test"), {
      folder: root,
    });
    assert.deepEqual(imported.manifest.hardClasses, native.manifest.hardClasses);
    const { macs: expected } = native.manifest.blocks.main;
    assert.equal(imported.manifest.blocks.main.macs, expected);
    assert.deepEqual(imported.manifest.blocks.extension, native.manifest.blocks.extension);
    const errors = await goldenErrors(imported.files, await readGolden(native.dir));
    // A step ends where the order of its sums takes it: equal but for rounding that an epoch carries on.
    assert.ok(errors.main! < 1e-5 && errors.extension! < 1e-2, JSON.stringify(errors));
  });
});

describe("a recipe with networks made elsewhere", () => {
  const valid = {
    name: "own",
    version: "1.0.0",
    data: { name: "idx", heldOut: 10 },
    seed: 1,
    edge: {
      input: [1, 28, 28],
      classes: 10,
      hardClasses: 5,
      variant: "B",
      backbone: { widths: [8], blocks: [1] },
    },
    main: { onnx: "model.onnx", features: "map" },
    cloud: { onnx: "cloud.onnx" },
    train: { extension: { epochs: 1, schedule } },
  };
  const part = valid.train.extension;

  it("says what is missing of the cloud's network that it means", () => {
    const { cloud: _, ...rest } = valid;
    const backbone = { widths: [8], blocks: [1] };
    for (const [cloud, tells] of [
      [{ onnx: "cloud.onnx", logit: "y" }, /logit/],
      [{ input: [1, 28, 28], backbone }, /cloud\.classes/],
    ] as const) {
      assert.throws(
        () => parseRecipe({ ...rest, cloud }, "recipe.yaml"),
        (error) => isMeanetError(error, "RECIPE_INVALID") && tells.test(error.message),
      );
    }
  });

  it("trains nothing of them", () => {
    parseRecipe(valid, "recipe.yaml");
    for (const train of [
      { ...valid.train, cloud: part },
      { ...valid.train, main: part },
    ]) {
      assert.throws(
        () => parseRecipe({ ...valid, train }, "recipe.yaml"),
        (error) => isMeanetError(error, "RECIPE_INVALID"),
      );
    }
  });

  it("does not split main", () => {
    const edge = { ...valid.edge, variant: "A", backbone: { widths: [8, 8], blocks: [1, 1] } };
    assert.throws(
      () => parseRecipe({ ...valid, edge }, "recipe.yaml"),
      (error) => isMeanetError(error, "RECIPE_INVALID") && /expected B with `main`/.test(error.message),
    );
  });
});
