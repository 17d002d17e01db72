import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { runOnce } from "../bundle/golden.ts";
import { buildInference, type Part, type TrainedValues } from "../graph/index.ts";
import { OnnxGraph } from "../graph/onnx/onnx-graph.ts";
import { writeOnnx } from "../graph/onnx/write.ts";
import { classifierPart, initialise, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { OnnxFile } from "../onnx-file/onnx-file.ts";
import { tensorProto } from "../onnx-file/tensor-data.ts";
import { argmax } from "../routing.ts";
import { randomAt } from "../training/random.ts";
import { chooseVariant } from "./choose-variant.ts";
import { calibrateModel, canQuantize, quantizeModel } from "./quantize-model.ts";
import { rangeMethods } from "./variants.ts";

/** Statistics and affine terms that are not neutral: what folding has to get right. */
function values(part: Part, seed: number): TrainedValues {
  const { theta, statistics } = initialise(part, seed);
  const random = randomAt(seed, 1);
  const about = (value: number) => value + 0.2 * (random.next() - 0.5);
  return { theta: theta.map(about), statistics: statistics.map(about) };
}

function noise(dims: readonly number[], seed: number) {
  const random = randomAt(seed);
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { data: Float32Array.from({ length: size }, () => 2 * random.next() - 1), dims };
}

/** Root of the mean squared difference, relative to that of the reference: quantisation noise. */
function noiseOf(actual: ArrayLike<number | bigint>, reference: ArrayLike<number | bigint>): number {
  let [error, power] = [0, 0];
  for (let index = 0; index < reference.length; index++) {
    error += (Number(actual[index]) - Number(reference[index])) ** 2;
    power += Number(reference[index]) ** 2;
  }
  return Math.sqrt(error / power);
}

const refused = (reason: RegExp) => (error: unknown) =>
  isMeanetError(error, "QUANTIZATION_REFUSED") && reason.test(error.message);

describe("a network of the zoo's kind", () => {
  const spec = meanetSpecSchema.parse({
    input: [3, 16, 16],
    classes: 10,
    hardClasses: 5,
    variant: "A",
    backbone: { widths: [16, 24], blocks: [1, 2] },
  });
  const { main, extension } = meanetParts(spec);
  const x = (batch: number, seed: number) => noise([batch, 3, 16, 16], seed);

  it("answers to 1e-5 the same with its batch normalisations folded", async () => {
    const model = buildInference(main, values(main, 5));
    const { folded } = await calibrateModel(model, () => [{ x: x(2, 1) }]);
    assert.ok(OnnxFile.read(folded).nodes.every(({ opType }) => opType !== "BatchNormalization"));
    const feeds = { x: x(3, 2) };
    const [before, after] = [await runOnce(model, feeds), await runOnce(folded, feeds)];
    for (const [name, { data }] of Object.entries(before)) {
      for (const [index, value] of Array.from(data, Number).entries()) {
        const difference = Math.abs(Number(after[name]!.data[index]) - value);
        assert.ok(difference <= 1e-5 * Math.max(1, Math.abs(value)), `${name}[${index}]: ${difference}`);
      }
    }
  });

  it("keeps names, shapes and float32 at its borders, and its answers to 5 % by every method", async () => {
    const model = buildInference(main, values(main, 5));
    const calibrated = await calibrateModel(model, () => [{ x: x(16, 1) }]);
    const feeds = { x: x(8, 2) };
    const reference = await runOnce(model, feeds);
    for (const method of rangeMethods) {
      const quantized = quantizeModel(calibrated, { method, kept: "none" });
      const actual = await runOnce(quantized.model, feeds);
      assert.deepEqual(Object.keys(actual), ["y1", "F1"]);
      for (const name of ["y1", "F1"]) {
        assert.deepEqual(actual[name]!.dims, reference[name]!.dims);
        const error = noiseOf(actual[name]!.data, reference[name]!.data);
        assert.ok(error > 0 && error < 0.05, `${method}, ${name}: ${error}`);
      }
    }
  });

  it("computes everything but its border on integers, in the form that ONNX Runtime fuses", async () => {
    const model = buildInference(main, values(main, 5));
    const {
      model: bytes,
      float,
      integer,
    } = quantizeModel(await calibrateModel(model, () => [{ x: x(4, 1) }]), {
      method: "min-max",
      kept: "none",
    });
    assert.deepEqual(float, {});
    assert.equal(integer.Conv, 3);
    const file = OnnxFile.read(bytes);
    const producers = file.producers();
    for (const conv of file.nodes.filter(({ opType }) => opType === "Conv")) {
      const sources = conv.input.map((name) => producers.get(name)!.opType);
      assert.deepEqual(sources, ["DequantizeLinear", "DequantizeLinear", "DequantizeLinear"]);
      const weight = file.constants.get(producers.get(conv.input[1]!)!.input[0]!)!;
      const scale = file.constants.get(producers.get(conv.input[1]!)!.input[1]!)!;
      assert.deepEqual(scale.dims, weight.dims.slice(0, 1)); // one for each output channel
    }
  });

  it("joins F1 and the frame in the extension, which keeps float32 at both", async () => {
    const f1 = extension.graph.shapes.get("F1")!;
    const model = buildInference(extension, values(extension, 7));
    const feeds = (batch: number, seed: number) => ({
      x: x(batch, seed),
      F1: noise([batch, ...f1], seed + 1),
    });
    const calibrated = await calibrateModel(model, () => [feeds(16, 1)]);
    const { model: bytes, integer } = quantizeModel(calibrated, { method: "min-max", kept: "none" });
    assert.equal(integer.Concat, 1);
    const test = feeds(8, 9);
    const error = noiseOf((await runOnce(bytes, test)).y2!.data, (await runOnce(model, test)).y2!.data);
    assert.ok(error < 0.05, `${error}`);
  });

  it("leaves its first and last layer in float32 when that is asked for", async () => {
    const model = buildInference(main, values(main, 5));
    const calibrated = await calibrateModel(model, () => [{ x: x(8, 1) }]);
    const { float } = quantizeModel(calibrated, { method: "min-max", kept: "both" });
    assert.equal(float.Conv, 1);
    assert.equal(float.Gemm, 1);
    const last = quantizeModel(calibrated, { method: "min-max", kept: "last" });
    assert.deepEqual([last.float.Conv, last.float.Gemm], [undefined, 1]);
  });

  it("gives the same bytes every time", async () => {
    const model = buildInference(main, values(main, 5));
    const make = async () =>
      quantizeModel(await calibrateModel(model, () => [{ x: x(8, 1) }]), { method: "entropy", kept: "none" });
    assert.deepEqual((await make()).model, (await make()).model);
  });
});

describe("a ResNet of 32 layers with an exit of 100 classes", () => {
  it("agrees with float32 within 6 % of noise and on nearly all answers", async () => {
    const part = classifierPart({
      input: [3, 32, 32],
      classes: 100,
      backbone: { widths: [16, 32, 64], blocks: [5, 5, 5], stemStride: 1 },
    });
    const model = buildInference(part, values(part, 1));
    const calibrated = await calibrateModel(model, () => [{ x: noise([16, 3, 32, 32], 1) }]);
    const { model: bytes, integer } = quantizeModel(calibrated, { method: "min-max", kept: "none" });
    assert.equal(integer.Conv, 33); // 31 and two shortcuts
    assert.equal(integer.Gemm, 1);
    assert.ok(bytes.length < 0.4 * model.length, `${bytes.length} of ${model.length} bytes`);
    const feeds = { x: noise([16, 3, 32, 32], 2) };
    const [y, reference] = [(await runOnce(bytes, feeds)).y!, (await runOnce(model, feeds)).y!];
    const error = noiseOf(y.data, reference.data);
    assert.ok(error < 0.06, `${error}`);
    const answer = (data: ArrayLike<number | bigint>, row: number) =>
      argmax(Array.from({ length: 100 }, (_, index) => Number(data[100 * row + index])));
    const same = Array.from({ length: 16 }, (_, row) => answer(y.data, row) === answer(reference.data, row));
    assert.ok(same.filter(Boolean).length >= 14, same.join());
  });
});

describe("a model made elsewhere", () => {
  it("by PyTorch is quantised like our own", async () => {
    const model = await readFile(
      join(import.meta.dirname, "..", "..", "samples", "torch-classifier", "model.onnx"),
    );
    const [name] = OnnxFile.read(model).inputs;
    const feeds = (batch: number, seed: number) => ({ [name!]: noise([batch, 1, 28, 28], seed) });
    const calibrated = await calibrateModel(model, () => [feeds(8, 1)]);
    const { model: bytes, integer, float } = quantizeModel(calibrated, { method: "min-max", kept: "none" });
    // What PyTorch made of its pooling, and what follows it, has no integer form.
    assert.deepEqual(integer, { Conv: 3, Relu: 3 });
    assert.equal(float.Pad, 1);
    const [output] = OnnxFile.read(model).outputs;
    const test = feeds(4, 2);
    const error = noiseOf(
      (await runOnce(bytes, test))[output!]!.data,
      (await runOnce(model, test))[output!]!.data,
    );
    assert.ok(error < 0.05, `${error}`);
  });

  /** x → Conv → BatchNormalization → Tanh → Conv → output, all of 16 channels; the batch normalisation has a second reader. */
  function withTanh(shared: boolean): Uint8Array {
    const onnx = new OnnxGraph();
    const shape = ["N", 16, 4, 4] as const;
    const weights = (seed: number) => onnx.floats(noise([16, 16, 3, 3], seed).data, [16, 16, 3, 3]);
    const same = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    const vector = (value: number) => onnx.floats(new Float32Array(16).fill(value));
    const x = onnx.input("x", "float32", shape);
    const first = onnx.node("Conv", [x, weights(1)], shape, same);
    const moments = [vector(0.2), vector(0.1), vector(-0.3), vector(2)];
    const norm = onnx.node("BatchNormalization", [first, ...moments], shape, { epsilon: { float: 1e-3 } });
    const squashed = onnx.node("Tanh", [norm], shape);
    onnx.output("y", onnx.node("Conv", [squashed, weights(2)], shape, same));
    if (shared) onnx.output("raw", first);
    return writeOnnx(onnx, "tanh");
  }

  it("keeps what has no integer form in float32, and names it", async () => {
    for (const shared of [false, true]) {
      const model = withTanh(shared);
      const calibrated = await calibrateModel(model, () => [{ x: noise([8, 16, 4, 4], 1) }]);
      const { model: bytes, float, integer } = quantizeModel(calibrated, { method: "min-max", kept: "none" });
      assert.deepEqual(float, shared ? { BatchNormalization: 1, Tanh: 1 } : { Tanh: 1 });
      assert.deepEqual(integer, { Conv: 2 });
      const feeds = { x: noise([4, 16, 4, 4], 3) };
      const error = noiseOf((await runOnce(bytes, feeds)).y!.data, (await runOnce(model, feeds)).y!.data);
      assert.ok(error < 0.05, `${error}`);
    }
  });

  /** x → linear layers in both layouts of weights → output. */
  it("with linear layers alone is quantised in both layouts of their weights", async () => {
    const onnx = new OnnxGraph();
    const x = onnx.input("x", "float32", ["N", 24]);
    const first = onnx.node(
      "Gemm",
      [x, onnx.floats(noise([24, 40], 1).data, [24, 40]), onnx.floats(noise([40], 2).data)],
      ["N", 40],
    );
    const rectified = onnx.node("Relu", [first], ["N", 40]);
    const second = onnx.node(
      "MatMul",
      [rectified, onnx.floats(noise([40, 32], 3).data, [40, 32])],
      ["N", 32],
    );
    const weights = onnx.floats(noise([10, 32], 4).data, [10, 32]);
    onnx.output(
      "y",
      onnx.node("Gemm", [second, weights, onnx.floats(noise([10], 5).data)], ["N", 10], { transB: 1 }),
    );
    const model = writeOnnx(onnx, "linear");
    const calibrated = await calibrateModel(model, () => [{ x: noise([64, 24], 6) }]);
    const { model: bytes, integer } = quantizeModel(calibrated, { method: "min-max", kept: "none" });
    assert.deepEqual(integer, { Gemm: 2, MatMul: 1, Relu: 1 });
    const feeds = { x: noise([32, 24], 7) };
    const error = noiseOf((await runOnce(bytes, feeds)).y!.data, (await runOnce(model, feeds)).y!.data);
    assert.ok(error < 0.03, `${error}`);
  });

  it("of one layer is chosen whole, since with its ends in float32 nothing would be left", async () => {
    const onnx = new OnnxGraph();
    const x = onnx.input("x", "float32", ["N", 3, 4, 4]);
    const weights = onnx.floats(noise([16, 3, 3, 3], 1).data, [16, 3, 3, 3]);
    const same = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    onnx.output("y", onnx.node("Conv", [x, weights], ["N", 16, 4, 4], same));
    const calibrated = await calibrateModel(writeOnnx(onnx, "one layer"), () => [
      { x: noise([8, 3, 4, 4], 1) },
    ]);
    const tried: string[] = [];
    const { kept, integer } = await chooseVariant(
      calibrated,
      async () => 0.5,
      0.9,
      (variant) => tried.push(variant.kept),
    );
    assert.deepEqual([kept, integer], ["none", { Conv: 1 }]);
    // It has no last layer of its own to keep: that is tried in vain.
    assert.deepEqual([...new Set(tried)], ["none", "last"]);
  });

  it("is refused when it is quantised already, too old, or has nothing to quantise", async () => {
    const calibrated = await calibrateModel(withTanh(false), () => [{ x: noise([8, 16, 4, 4], 1) }]);
    const { model } = quantizeModel(calibrated, { method: "min-max", kept: "none" });
    const feeds = () => [{ x: noise([1, 16, 4, 4], 1) }];
    await assert.rejects(calibrateModel(model, feeds), refused(/quantised already/));
    assert.equal(canQuantize(model), false);

    const old = OnnxFile.read(withTanh(false));
    old.model.opsetImport[0]!.version = 11n;
    await assert.rejects(calibrateModel(old.write(), feeds), refused(/opset 11, expected 13/));

    const narrow = classifierPart({
      input: [1, 8, 8],
      classes: 3,
      backbone: { widths: [8], blocks: [1], stemStride: 1 },
    });
    assert.equal(canQuantize(buildInference(narrow, values(narrow, 1))), false);
    assert.equal(canQuantize(withTanh(false)), true);
  });

  it("is refused by name when a constant is not what its shape says", async () => {
    const file = OnnxFile.read(withTanh(false));
    const conv = file.nodes.find(({ opType }) => opType === "Conv")!;
    const broken = tensorProto(conv.input[1]!, [16, 16, 3, 3], Float32Array.of(1, 2));
    file.addConstant(broken);
    await assert.rejects(
      calibrateModel(file.write(), () => []),
      (error) => isMeanetError(error, "MODEL_INVALID") && /2 values for 2304/.test(error.message),
    );
  });
});
