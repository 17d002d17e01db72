import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadBundle } from "@meanet/models";

const bin = join(import.meta.dirname, "../../bin/meanet.js");
const samples = join(import.meta.dirname, "../../../models/samples");
const model = join(samples, "torch-classifier", "model.onnx");
const feature = "/stage3/stage3.2/Relu_output_0";

let root: string;

function create(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, "bundle", "create", ...args], (error, stdout, stderr) => {
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
