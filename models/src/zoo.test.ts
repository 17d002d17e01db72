import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { type Bundle, loadBundle } from "./bundle/bundle.ts";
import { bundleCard } from "./bundle/card.ts";
import { goldenErrors, readGolden } from "./bundle/golden.ts";
import { drawnInput } from "./bundle/golden-input.ts";
import { zooPath } from "./bundle/zoo.ts";
import { openDataset } from "./data/open-dataset.ts";
import { type Evaluation, evaluate } from "./evaluation/evaluate.ts";
import type { EvaluationSplit } from "./evaluation/frames.ts";
import { readRecipe } from "./training/recipe.ts";

const dir = zooPath("fashion-mnist");
const recipes = join(import.meta.dirname, "..", "recipes");

async function shippedFigures(name: string, split: EvaluationSplit): Promise<Evaluation> {
  const all = JSON.parse(await readFile(join(zooPath(name), "evaluation.json"), "utf8")) as Evaluation[];
  return all.find((figures) => figures.split === split)!;
}

for (const name of await readdir(join(dir, ".."))) {
  describe(`${name} of the zoo`, () => {
    it("answers as its golden.json says", async () => {
      const golden = await readGolden(zooPath(name));
      const errors = await goldenErrors((await loadBundle(zooPath(name))).files, golden);
      assert.deepEqual(Object.keys(errors), ["main", "extension", "cloud"]);
      for (const [part, error] of Object.entries(errors)) {
        assert.ok(error <= golden.tolerance, `${part}: ${error}`);
      }
    });
  });
}

/** Their data may not be passed on. */
const withoutFrames = ["cifar100-resnet32-a", "cifar100-resnet32-a-int8", "cifar100-resnet32-b", "uci-har"];

for (const name of withoutFrames) {
  describe(`${name} of the zoo, trained on data that may not be passed on`, () => {
    it("holds no frame of it", async () => {
      const { manifest, files } = await loadBundle(zooPath(name));
      assert.equal(files.reference, undefined);
      assert.equal((await readdir(zooPath(name))).includes("reference.bin"), false);
      const { base64, dims } = (await readGolden(zooPath(name))).cases.main!.inputs.x!;
      const drawn = drawnInput(manifest.input, manifest.provenance.data.splitSeed);
      assert.deepEqual(dims, drawn.dims);
      const golden = new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
      for (const [at, value] of golden.entries()) assert.ok(Math.abs(value - Number(drawn.data[at])) < 1e-4);
    });

    it("has the card that its manifest and figures give", async () => {
      const shipped = JSON.parse(
        await readFile(join(zooPath(name), "evaluation.json"), "utf8"),
      ) as Evaluation[];
      const { manifest } = await loadBundle(zooPath(name));
      const source = manifest.provenance.quantization?.from.name ?? name;
      const { notes } = await readRecipe(join(recipes, `${source}.yaml`));
      assert.equal(
        await readFile(join(zooPath(name), "card.md"), "utf8"),
        bundleCard(manifest, shipped, notes),
      );
    });
  });
}

describe("the zoo's fashion-mnist", () => {
  let bundle: Bundle;
  before(async () => {
    bundle = await loadBundle(dir);
  });

  it("would be caught answering otherwise, by a hundredth or with another model", async () => {
    const golden = await readGolden(dir);
    const reference = golden.cases.cloud!.outputs.y!;
    const shifted = new Float32Array(Uint8Array.from(Buffer.from(reference.base64, "base64")).buffer);
    shifted[3]! += 0.01 * Math.max(1, Math.abs(shifted[3]!));
    const base64 = Buffer.from(shifted.buffer).toString("base64");
    golden.cases.cloud!.outputs.y = { ...reference, base64 };
    const { cloud } = await goldenErrors(bundle.files, golden);
    assert.ok(cloud! > 0.009 && cloud! < 0.011, `${cloud}`);
    const swapped = await goldenErrors({ ...bundle.files, cloud: bundle.files.main }, golden);
    assert.equal(swapped.cloud, Number.POSITIVE_INFINITY);
  });

  it("is as good on the sample as the sample's size lets one say", async () => {
    const sample = await openDataset("fashion-mnist", {
      from: join(import.meta.dirname, "..", "samples", "fashion-mnist"),
    });
    const { n, main, edge, cloud } = await evaluate(bundle, sample, "test");
    assert.equal(n, 1000);
    assert.ok(main.accuracy >= 0.85, `main ${main.accuracy}`);
    assert.ok(edge.accuracy >= 0.87, `edge ${edge.accuracy}`);
    assert.ok(cloud!.accuracy >= 0.9, `cloud ${cloud!.accuracy}`);
  });

  it("reaches its floors on the official test set, and the figures that it ships with", async () => {
    const result = await evaluate(bundle, await openDataset("fashion-mnist", { download: false }), "test");
    assert.equal(result.n, 10_000);
    assert.ok(result.main.accuracy >= 0.88, `main ${result.main.accuracy}`);
    assert.ok(result.edge.accuracy >= 0.9, `edge ${result.edge.accuracy}`);
    assert.ok(result.edge.hard - result.main.hard >= 0.03, `hard ${result.main.hard} → ${result.edge.hard}`);
    assert.ok(result.cloud!.accuracy >= 0.925, `cloud ${result.cloud!.accuracy}`);
    const together = result.curve.filter(({ sent, accuracy }) => sent <= 0.25 && accuracy >= 0.918);
    assert.ok(together.length > 0, JSON.stringify(result.curve));

    assert.equal(result.exits.main + result.exits.extension, 1);
    assert.equal(result.curve[0]!.accuracy, result.cloud!.accuracy);
    assert.equal(result.curve.at(-1)!.accuracy, result.edge.accuracy);

    const same = await shippedFigures("fashion-mnist", "test");
    for (const who of ["main", "edge", "cloud"] as const) {
      // Another processor rounds otherwise: a few frames in ten thousand may fall to the other side.
      const difference = Math.abs(result[who]!.accuracy - same[who]!.accuracy);
      assert.ok(difference <= 0.001, `${who}: ${result[who]!.accuracy}, shipped ${same[who]!.accuracy}`);
    }
  });
});

for (const { from: name, parts } of [
  { from: "fashion-mnist", parts: ["extension", "cloud"] },
  { from: "cifar100-resnet32-a", parts: ["main", "extension", "cloud"] },
]) {
  describe(`the zoo's ${name}-int8`, () => {
    it("was made from the float32 bundle beside it, on training frames, and is smaller and faster in each part", async () => {
      const float32 = await loadBundle(zooPath(name));
      const int8 = await loadBundle(zooPath(`${name}-int8`));
      const quantization = int8.manifest.provenance.quantization!;
      for (const part of ["main", "extension", "cloud"] as const) {
        assert.equal(quantization.from.sha256[part], float32.manifest.files[part]!.sha256);
      }
      assert.deepEqual(Object.keys(quantization.parts), parts);
      for (const { bytes, speed } of Object.values(quantization.parts)) {
        assert.ok(bytes.int8 < 0.4 * bytes.float32);
        assert.ok(speed.ratio > 1, "as measured when it was made");
      }
    });

    it("loses at most a point anywhere, as measured when it was made", async () => {
      const { accuracy } = (await loadBundle(zooPath(`${name}-int8`))).manifest.provenance.quantization!;
      for (const split of Object.values(accuracy).filter((measured) => measured !== undefined)) {
        for (const who of ["main", "edge", "cloud"] as const) {
          assert.ok(split.float32[who]! - split.int8[who]! <= 0.01, `${who}: ${split.int8[who]}`);
        }
      }
    });
  });
}

describe("the zoo's fashion-mnist-int8", () => {
  it("is as good on the official test set as it says", async () => {
    const int8 = await loadBundle(zooPath("fashion-mnist-int8"));
    const result = await evaluate(int8, await openDataset("fashion-mnist", { download: false }), "test");
    const { test } = int8.manifest.provenance.quantization!.accuracy;
    for (const who of ["main", "edge", "cloud"] as const) {
      const { accuracy } = result[who]!;
      // Another processor rounds sums otherwise, and a byte carries it further than a float does.
      const difference = Math.abs(accuracy - test!.int8[who]!);
      assert.ok(difference <= 0.003, `${who}: ${accuracy}, shipped ${test!.int8[who]}`);
    }
  });
});

describe("the zoo's uci-har", () => {
  it("ships with figures of the whole official test set that reach its floors", async () => {
    const { n, edge, cloud, extensionRuns } = await shippedFigures("uci-har", "test");
    assert.equal(n, 2947);
    assert.ok(edge.accuracy >= 0.92, `edge ${edge.accuracy}`);
    assert.ok(cloud!.accuracy >= 0.93, `cloud ${cloud!.accuracy}`);
    assert.ok(extensionRuns > 0.3 && extensionRuns < 0.7, `extension runs ${extensionRuns}`);
  });
});

describe("the zoo's cifar100-resnet32-a", () => {
  it("ships with figures of all held-out frames that reach its floors", async () => {
    const { n, main, edge, cloud } = await shippedFigures("cifar100-resnet32-a", "held-out");
    assert.equal(n, 5000);
    assert.ok(main.accuracy >= 0.61, `main ${main.accuracy}`);
    assert.ok(edge.accuracy - main.accuracy >= 0.02, `${main.accuracy} → ${edge.accuracy}`);
    assert.ok(edge.hard - main.hard >= 0.04, `hard ${main.hard} → ${edge.hard}`);
    assert.ok(cloud!.accuracy - main.accuracy >= 0.05, `cloud ${cloud!.accuracy}`);
  });
});

describe("the zoo's cifar100-resnet32-b", () => {
  it("ships with figures of all held-out frames that reach its floors", async () => {
    const { n, main, edge } = await shippedFigures("cifar100-resnet32-b", "held-out");
    assert.equal(n, 5000);
    assert.ok(main.accuracy >= 0.65, `main ${main.accuracy}`);
    assert.ok(edge.accuracy > main.accuracy, `${main.accuracy} → ${edge.accuracy}`);
  });
});
