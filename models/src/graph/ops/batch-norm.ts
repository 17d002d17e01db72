/**
 * Batch normalisation: γ·(x − mean)/√(variance + ε) + β per channel.
 *
 * ONNX Runtime's BatchNormalization in training mode writes its mean and variance over its inputs, which makes gradients wrong:
 * the moments are reduced here, and the operator runs in inference mode with them.
 */

import { binary, reduceMean, reduceSum, sizes } from "../onnx/nodes.ts";
import type { OnnxGraph, Tensor } from "../onnx/onnx-graph.ts";
import { type Moments, type Op, take } from "./op.ts";

const batchNormEpsilon = 1e-5;

/** Every axis but the channels'. */
const others = [0, 2, 3];

export const batchNorm: Op<"batchNorm"> = {
  forward(onnx, inputs, { attributes: { statistic } }, source) {
    const [x, gamma, beta] = take(inputs, "x", "gamma", "beta");
    const moments = source === "batch" ? batchMoments(onnx, x) : source(statistic);
    return { output: affine(onnx, x, gamma, beta, moments, batchNormEpsilon), moments };
  },

  /**
   * With M values per channel and x̂ the normalised x: dβ = Σdy, dγ = Σdy·x̂, dx = γ/σ·(dy − dβ/M − x̂·dγ/M), which is
   * a·dy + b·x + c with per-channel a, b and c.
   */
  backward(onnx, inputs, { moments }, dOutput) {
    const [x, gamma] = take(inputs, "x", "gamma", "beta");
    if (moments === undefined) throw new Error("batch normalisation without moments");
    const { mean, variance } = moments;
    const [batch, channels, height, width] = sizes(x);
    const count = onnx.scalar(batch! * height! * width!);
    const one = onnx.floats(new Float32Array(channels!).fill(1));
    const zero = onnx.floats(new Float32Array(channels!));
    const shifted = binary(onnx, "Add", variance, onnx.scalar(batchNormEpsilon));
    const deviation = onnx.node("Sqrt", [shifted], shifted.shape);

    const dBeta = reduceSum(onnx, dOutput, others);
    const products = reduceSum(onnx, binary(onnx, "Mul", dOutput, x), others);
    const centred = binary(onnx, "Sub", products, binary(onnx, "Mul", mean, dBeta));
    const dGamma = binary(onnx, "Div", centred, deviation);

    const a = binary(onnx, "Div", gamma, deviation);
    const minusB = binary(onnx, "Div", binary(onnx, "Mul", a, dGamma), binary(onnx, "Mul", deviation, count));
    const b = onnx.node("Neg", [minusB], minusB.shape);
    const meanOfA = binary(onnx, "Div", binary(onnx, "Mul", a, dBeta), count);
    const c = binary(onnx, "Sub", binary(onnx, "Mul", minusB, mean), meanOfA);
    const identity = { mean: zero, variance: one };
    const dx = binary(
      onnx,
      "Add",
      affine(onnx, dOutput, a, c, identity, 0),
      affine(onnx, x, b, zero, identity, 0),
    );
    return [dx, dGamma, dBeta];
  },
};

/** E[x²] − mean² is one pass less than the mean of squared differences; rounding may take it below zero. */
function batchMoments(onnx: OnnxGraph, x: Tensor): Moments {
  const mean = reduceMean(onnx, x, others);
  const meanOfSquares = reduceMean(onnx, binary(onnx, "Mul", x, x), others);
  const variance = binary(onnx, "Sub", meanOfSquares, binary(onnx, "Mul", mean, mean));
  return { mean, variance: onnx.node("Max", [variance, onnx.scalar(0)], variance.shape) };
}

function affine(
  onnx: OnnxGraph,
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  moments: Moments,
  epsilon: number,
): Tensor {
  return onnx.node("BatchNormalization", [x, scale, shift, moments.mean, moments.variance], x.shape, {
    epsilon: { float: epsilon },
  });
}
