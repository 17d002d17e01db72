import { onnxModel } from "./onnx-fixture.ts";

/** y[N,3] = factor · x[N,3]. */
export function scaleModel(factor: number): Uint8Array {
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", 3] }],
    outputs: [{ name: "y", shape: ["N", 3] }],
    nodes: [{ op: "Mul", inputs: ["x", "factor"], outputs: ["y"] }],
    constants: { factor: { dims: [1], data: Float32Array.of(factor) } },
  });
}

/** y[N,512] = x[N,512] · A · A · … (`products` times, A the identity): 0.26 MMAC per row and product, slow on purpose. */
export function slowModel(products: number): Uint8Array {
  const identity = new Float32Array(512 * 512);
  for (let i = 0; i < 512; i += 1) identity[i * 513] = 1;
  const nodes = Array.from({ length: products }, (_, i) => ({
    op: "MatMul",
    inputs: [i === 0 ? "x" : `h${i}`, "a"],
    outputs: [i === products - 1 ? "y" : `h${i + 1}`],
  }));
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", 512] }],
    outputs: [{ name: "y", shape: ["N", 512] }],
    nodes,
    constants: { a: { dims: [512, 512], data: identity } },
  });
}

/** Three inputs of three types: sum[N] = left[N] + right[N] (int64), copy[N] = flags[N] (uint8). */
export function typedModel(): Uint8Array {
  return onnxModel({
    inputs: [
      { name: "left", type: "int64", shape: ["N"] },
      { name: "right", type: "int64", shape: ["N"] },
      { name: "flags", type: "uint8", shape: ["N"] },
    ],
    outputs: [
      { name: "sum", type: "int64", shape: ["N"] },
      { name: "copy", type: "uint8", shape: ["N"] },
    ],
    nodes: [
      { op: "Add", inputs: ["left", "right"], outputs: ["sum"] },
      { op: "Identity", inputs: ["flags"], outputs: ["copy"] },
    ],
  });
}

/** A little network: 3x3 Conv 3→8, ReLU, global average pool, MatMul 8→10. x[N,3,16,16] → y[N,10]. */
export function convModel(): Uint8Array {
  const wave = (length: number, step: number) =>
    Float32Array.from({ length }, (_, i) => Math.sin(i * step) * 0.5);
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", 3, 16, 16] }],
    outputs: [{ name: "y", shape: ["N", 10] }],
    nodes: [
      {
        op: "Conv",
        inputs: ["x", "kernel"],
        outputs: ["conv"],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
      },
      { op: "Relu", inputs: ["conv"], outputs: ["relu"] },
      { op: "GlobalAveragePool", inputs: ["relu"], outputs: ["pool"] },
      { op: "Flatten", inputs: ["pool"], outputs: ["flat"] },
      { op: "MatMul", inputs: ["flat", "weights"], outputs: ["y"] },
    ],
    constants: {
      kernel: { dims: [8, 3, 3, 3], data: wave(216, 0.7) },
      weights: { dims: [8, 10], data: wave(80, 1.3) },
    },
  });
}

/** y[1,2] = 2 · x[1,2], made for batches of one. */
export function singleModel(): Uint8Array {
  return onnxModel({
    inputs: [{ name: "x", shape: [1, 2] }],
    outputs: [{ name: "y", shape: [1, 2] }],
    nodes: [{ op: "Mul", inputs: ["x", "factor"], outputs: ["y"] }],
    constants: { factor: { dims: [1], data: Float32Array.of(2) } },
  });
}
