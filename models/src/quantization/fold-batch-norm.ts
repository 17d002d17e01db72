import type { NodeProto } from "onnx-buf";
import { floatOf, type OnnxFile } from "../onnx-file/onnx-file.ts";
import { dimsOf, floatsOf, tensorProto } from "../onnx-file/tensor-data.ts";

/** ONNX's own, when the node names none. */
const DEFAULT_EPSILON = 1e-5;

/**
 * Folds each batch normalisation into the convolution before it: `w' = w·γ/σ`, `b' = (b - mean)·γ/σ + β` with `σ = √(variance + ε)`.
 *
 * Only where nobody else reads the convolution and all values are constants; other ones stay nodes.
 *
 * @returns number of batch normalisations that are gone
 */
export function foldBatchNorm(file: OnnxFile): number {
  const producers = file.producers();
  const consumers = file.consumers();
  const gone = new Set<NodeProto>();
  for (const norm of file.nodes) {
    if (norm.opType !== "BatchNormalization") continue;
    const conv = producers.get(norm.input[0]!);
    if (conv?.opType !== "Conv") continue;
    const between = conv.output[0]!;
    const isAlone = consumers.get(between)!.length === 1 && !file.outputs.includes(between);
    const constant = [conv.input[1]!, ...conv.input.slice(2), ...norm.input.slice(1)].every((name) =>
      file.constants.has(name),
    );
    if (!isAlone || !constant) continue;
    foldInto(file, conv, norm);
    gone.add(norm);
  }
  file.removeNodes(gone);
  file.removeUnusedConstants();
  return gone.size;
}

function foldInto(file: OnnxFile, conv: NodeProto, norm: NodeProto): void {
  const values = (name: string) => floatsOf(file.constants.get(name)!);
  const [gamma, beta, mean, variance] = norm.input.slice(1).map(values);
  const epsilon = floatOf(norm, "epsilon", DEFAULT_EPSILON);
  const weight = file.constants.get(conv.input[1]!)!;
  const dims = dimsOf(weight);
  const channels = dims[0]!;
  const bias = conv.input[2] === undefined ? new Float32Array(channels) : values(conv.input[2]);
  const factors = Float64Array.from(
    { length: channels },
    (_, channel) => gamma![channel]! / Math.sqrt(variance![channel]! + epsilon),
  );
  const old = floatsOf(weight);
  const length = old.length / channels;
  const folded = old.map((value, index) => value * factors[Math.floor(index / length)]!);
  const shifted = bias.map(
    (value, channel) => (value - mean![channel]!) * factors[channel]! + beta![channel]!,
  );
  // Names of their own: another convolution may share the weights.
  conv.input = [
    conv.input[0]!,
    file.addConstant(tensorProto(`${norm.output[0]}/weight`, dims, folded)),
    file.addConstant(tensorProto(`${norm.output[0]}/bias`, [channels], shifted)),
  ];
  conv.output = [...norm.output.slice(0, 1)];
}
