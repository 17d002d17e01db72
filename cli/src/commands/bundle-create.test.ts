import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadBundle, openDataset } from "@meanet/models";
import { encodePng } from "../replay/png.ts";

const bin = join(import.meta.dirname, "../../bin/meanet.js");
const samples = join(import.meta.dirname, "../../../models/samples");
const model = join(samples, "torch-classifier", "model.onnx");
const feature = "/stage3/stage3.2/Relu_output_0";

let root: string;

const create = (...args: string[]) => meanet("bundle", "create", ...args);

function meanet(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), "meanet-create-"));
  // The sample's frames stand in for a folder of one's own.
  await mkdir(join(root, "data"));
  for (const kind of ["images-idx3", "labels-idx1"]) {
    const from = join(samples, "fashion-mnist", `t10k-${kind}-ubyte.gz`);
    await copyFile(from, join(root, "data", `train-${kind}-ubyte.gz`));
  }
  const classes = Array.from({ length: 10 }, (_, index) => `kind ${index}`);
  await writeFile(join(root, "data", "classes.txt"), `${classes.join("\n")}\n`);
});
after(() => rm(root, { recursive: true }));

describe("meanet bundle create", () => {
  it("makes a bundle that loads of a classifier that PyTorch exported, and prints its figures", async () => {
    const { code, stdout, stderr } = await create(
      ...["--main", model, "--feature", feature, "--mean", "0.286", "--std", "0.353", "--json"],
      ...["--data", join(root, "data"), "--out", join(root, "bundle"), "--work", join(root, "work")],
      ...["--name", "own", "--hard-classes", "3", "--epochs", "1", "--extension-blocks", "1"],
      ...["--frames", "300", "--held-out", "200", "--seed", "2"],
    );
    assert.equal(code, 0, stderr);
    const figures = JSON.parse(stdout) as { n: number; main: { accuracy: number } };
    assert.equal(figures.n, 200);
    assert.ok(figures.main.accuracy > 0.8, stdout);
    const { manifest } = await loadBundle(join(root, "bundle"));
    assert.deepEqual([manifest.name, manifest.hardClasses.length], ["own", 3]);
    assert.equal(manifest.provenance.data.splitSeed, 2);
    assert.match(stderr, /own@1\.0\.0 stands in /);
  });

  it("lists the tensors of a model with their shapes, and which may be features", async () => {
    const { code, stdout } = await create("--main", model, "--list");
    assert.equal(code, 0);
    assert.match(stdout, /takes "image": any number of frames a run, float32 NCHW, 1x28x28/);
    assert.match(stdout, /Relu_output_0 .* \[N, 48, 7, 7\] .*may be --feature/);
    const { stdout: json } = await create("--main", model, "--list", "--json");
    const { tensors } = JSON.parse(json) as { tensors: { name: string; shape: number[] }[] };
    assert.deepEqual(tensors.at(-1)?.shape, [1, 10]);
  });

  it("ends with 1 and what was expected where something is missing or wrong", async () => {
    const rest = ["--data", join(root, "data"), "--out", join(root, "refused")];
    for (const [args, tells] of [
      [["--main", model], /^CONFIG_INVALID: .*folder of the bundle/s],
      [["--main", model, "--out", "x"], /^CONFIG_INVALID: .*folder of the frames/s],
      [["--main", bin, ...rest], /^MODEL_INVALID: meanet\.js is no ONNX model/],
      [
        ["--main", model, ...rest],
        /^TENSOR_UNKNOWN: .*no feature tensor is named; expected .*\[N, 48, 7, 7\]/,
      ],
      [["--main", model, "--feature", "scores", ...rest], /^MODEL_UNSUPPORTED: .*expected a map of features/],
    ] as const) {
      const { code, stderr } = await create(...args);
      assert.equal(code, 1);
      assert.match(stderr, tells);
    }
  });
});

describe("meanet bundle create, of a folder of pictures", () => {
  const pictures = () => join(root, "pictures");
  const bundle = () => join(root, "of-pictures");
  const own = (...args: string[]) =>
    create(
      ...["--main", model, "--feature", feature, "--mean", "0.286", "--std", "0.353", "--json"],
      ...["--data", pictures(), "--out", bundle(), "--work", join(root, "work-of-pictures")],
      ...["--hard-classes", "3", "--epochs", "1", "--extension-blocks", "1", "--held-out", "60", ...args],
    );
  const evaluate = (...args: string[]) =>
    meanet("evaluate", "--bundle", bundle(), "--data", pictures(), "--json", ...args);
  const accuracyIn = (stdout: string) =>
    (JSON.parse(stdout.trim().split("\n").at(-1)!) as { n: number; main: { accuracy: number } }).main
      .accuracy;

  before(async () => {
    const sample = await openDataset("fashion-mnist", { from: join(samples, "fashion-mnist") });
    const { images, labels, shape } = await sample.read("test");
    // Names that sort as the model counts.
    for (let index = 0; index < 400; index++) {
      const folder = join(pictures(), index < 300 ? "train" : "test", `kind ${labels[index]}`);
      await mkdir(folder, { recursive: true });
      const planes = images.slice(index * 784, (index + 1) * 784);
      await writeFile(join(folder, `${index}.png`), encodePng(planes, shape));
    }
  });

  it("stops before it trains where a picture cannot be read, and names it", async () => {
    const bad = join(pictures(), "test", "kind 3", "bad.jpg");
    await writeFile(bad, "<html>404</html>");
    const { code, stderr } = await own();
    await rm(bad);
    assert.equal(code, 1);
    assert.match(stderr, /DATASET_CORRUPT: .*1 of 101 pictures cannot be read: \S+test\/kind 3\/bad\.jpg/);
    assert.doesNotMatch(stderr, /extension epoch/);
  });

  it("recognises the folder, learns from it, and evaluates as it did at its end", async () => {
    const { code, stdout, stderr } = await own();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /reading 300 pictures of the train part/);
    const { manifest } = await loadBundle(bundle());
    const { name, trainCount, heldOutCount } = manifest.provenance.data;
    assert.deepEqual([name, trainCount, heldOutCount], ["image-folder", 240, 60]);
    assert.equal(manifest.classes[3], "kind 3");
    assert.ok(accuracyIn(stdout) > 0.8, stdout);
    const measured = await evaluate("--split", "test");
    assert.equal(measured.code, 0, measured.stderr);
    assert.equal(accuracyIn(measured.stdout), accuracyIn(stdout));
  });

  it("is given other reference frames of the folder", async () => {
    const { code, stdout, stderr } = await meanet(
      ...["bundle", "reference", bundle(), "--data", pictures(), "--per-class", "2"],
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /: 20 reference frames,/);
  });

  it("has its held-out frames measured while the folder is as it was, leaving out what cannot be read", async () => {
    const bad = join(pictures(), "train", "kind 0", "0.jpg");
    await writeFile(bad, "<html>404</html>");
    const heldOut = await evaluate("--split", "held-out", "--skip-unreadable");
    assert.equal(heldOut.code, 0, heldOut.stderr);
    assert.match(heldOut.stderr, /1 of 301 pictures of the train part\n {2}\S+kind 0\/0\.jpg/);
    await writeFile(bad, encodePng(new Uint8Array(784), [1, 28, 28]));
    const changed = await evaluate("--split", "held-out");
    assert.equal(changed.code, 1);
    assert.match(
      changed.stderr,
      /DATASET_CHANGED: .*holds 301 frames to train on, the bundle was made of 300/,
    );
  });
});
