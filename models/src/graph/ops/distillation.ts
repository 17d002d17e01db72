/** The loss of learning from another network's answers, mixed with that of the labels. */

import { binary, reduceMean, reduceSum, reshape, sizes } from "../onnx/nodes.ts";
import type { OnnxGraph, Tensor } from "../onnx/onnx-graph.ts";
import type { Loss } from "./softmax-cross-entropy.ts";

/**
 * (1 − a)·labels + a·τ²·CE(softmax(z1/τ), softmax(z/τ)), and its gradient: by the second term a·τ·(softmax(z/τ) − softmax(z1/τ))/N,
 * with τ² so that both terms pull alike at any τ.
 *
 * @param labels - the loss of the labels for the same logits
 * @param logits - z, shape [N,K]
 * @param teacher - logits of the network to learn from, shape [N,C]; it gets no gradient
 * @param classes - which of the teacher's C logits are z1, K of them
 * @see Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"
 */
export function distil(
  onnx: OnnxGraph,
  labels: Loss,
  logits: Tensor,
  teacher: Tensor,
  {
    weight,
    temperature,
    classes,
  }: { readonly weight: number; readonly temperature: number; readonly classes: readonly number[] },
): Loss {
  const [batch] = sizes(logits);
  const cooled = (tensor: Tensor): Tensor => binary(onnx, "Mul", tensor, onnx.scalar(1 / temperature));
  const known = onnx.node("Gather", [teacher, onnx.integers(classes)], logits.shape, { axis: 1 });
  const wanted = onnx.node("Softmax", [cooled(known)], logits.shape, { axis: -1 });
  const logProbabilities = onnx.node("LogSoftmax", [cooled(logits)], logits.shape, { axis: -1 });
  const perImage = reduceSum(onnx, binary(onnx, "Mul", wanted, logProbabilities), [1]);
  const mean = reshape(onnx, reduceMean(onnx, perImage, [0]), [1]);
  const difference = binary(onnx, "Sub", onnx.node("Exp", [logProbabilities], logits.shape), wanted);
  const mixed = (label: Tensor, taught: Tensor, factor: number): Tensor =>
    binary(
      onnx,
      "Add",
      binary(onnx, "Mul", label, onnx.scalar(1 - weight)),
      binary(onnx, "Mul", taught, onnx.scalar(weight * factor)),
    );
  return {
    loss: mixed(labels.loss, mean, -(temperature ** 2)),
    dLogits: mixed(labels.dLogits, difference, temperature / batch!),
  };
}
