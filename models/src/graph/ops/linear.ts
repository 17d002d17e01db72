/** Fully connected layer: x·Wᵀ + b, weight [outputs, features]. */
import { reduceSum, sizes } from "../onnx/nodes.ts";
import { type Op, take } from "./op.ts";

export const linear: Op<"linear"> = {
  forward(onnx, inputs) {
    const [x, weight, bias] = take(inputs, "x", "weight", "bias");
    const shape = [x.shape[0]!, sizes(weight)[0]!];
    return { output: onnx.node("Gemm", [x, weight, bias], shape, { transB: 1 }) };
  },
  backward(onnx, inputs, _forward, dOutput, wanted) {
    const [x, weight] = take(inputs, "x", "weight", "bias");
    return [
      wanted[0] ? onnx.node("Gemm", [dOutput, weight], x.shape) : undefined,
      wanted[1] ? onnx.node("Gemm", [dOutput, x], weight.shape, { transA: 1 }) : undefined,
      wanted[2] ? reduceSum(onnx, dOutput, [0]) : undefined,
    ];
  },
};
