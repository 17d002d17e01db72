/** The loss: mean cross-entropy of softmax(logits) with smoothed one-hot targets, and its gradient, (softmax − target)/N. */

import { binary, reduceMean, reduceSum, sizes } from "../onnx/nodes.ts";
import type { OnnxGraph, Tensor } from "../onnx/onnx-graph.ts";

export interface Loss {
  /** Shape [1], in nats. */
  readonly loss: Tensor;
  /** Gradient of the loss with respect to the logits, shape [N,K]. */
  readonly dLogits: Tensor;
}

/**
 * @param logits - shape [N,K]
 * @param target - int64 class indices, shape [N]
 * @param labelSmoothing - s in [0, 1): the target is (1 − s)·onehot + s/K
 */
export function softmaxCrossEntropy(
  onnx: OnnxGraph,
  logits: Tensor,
  target: Tensor,
  labelSmoothing: number,
): Loss {
  const [batch, classes] = sizes(logits);
  const low = labelSmoothing / classes!;
  const values = onnx.floats([low, 1 - labelSmoothing + low]);
  const wanted = onnx.node("OneHot", [target, onnx.integers([classes!]), values], logits.shape, { axis: -1 });
  const logProbabilities = onnx.node("LogSoftmax", [logits], logits.shape, { axis: -1 });
  const perImage = reduceSum(onnx, binary(onnx, "Mul", wanted, logProbabilities), [1]);
  const mean = reduceMean(onnx, perImage, [0]);
  const negative = onnx.node("Neg", [mean], []);
  const probabilities = onnx.node("Exp", [logProbabilities], logits.shape);
  const difference = binary(onnx, "Sub", probabilities, wanted);
  return {
    loss: onnx.node("Reshape", [negative, onnx.integers([1])], [1]),
    dLogits: binary(onnx, "Mul", difference, onnx.scalar(1 / batch!)),
  };
}
