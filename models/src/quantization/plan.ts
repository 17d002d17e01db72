/** Which nodes of a model compute on integers, and which tensors are therefore bytes. */
import { MeanetError } from "@meanet/runtime";
import { AttributeProto_AttributeType, type NodeProto } from "onnx-buf";
import { floatOf, integerOf, type OnnxFile } from "../onnx-file/onnx-file.ts";
import { dimsOf } from "../onnx-file/tensor-data.ts";
import type { KeptEnds } from "./variants.ts";

export interface QuantizationPlan {
  /** Nodes with weights: convolutions and linear layers. */
  readonly layers: readonly NodeProto[];
  /** Tensors that become bytes, each once, in the order they are made. */
  readonly tensors: readonly string[];
  /** Tensors that share the byte form of another: `[of a reshape's output, of its input]`. */
  readonly sameAs: ReadonlyMap<string, string>;
  /** How many nodes of each operator compute on integers. */
  readonly integer: Readonly<Record<string, number>>;
  /** How many nodes of each operator stay float32. */
  readonly float: Readonly<Record<string, number>>;
}

/** Operators that move bytes and compute nothing: their output has the byte form of their input. */
const moves = new Set(["Flatten", "Reshape", "MaxPool", "Transpose", "Squeeze", "Unsqueeze"]);
const pools = new Set(["AveragePool", "GlobalAveragePool"]);

/**
 * Convolutions of fewer output channels stay float32. ONNX Runtime's integer kernels work on blocks of 16 channels: measured on
 * 4 and 8 channels they take twice the time of its float32 ones, from 16 channels on less than it.
 */
const NARROW = 16;

/** Axis-wise scales came to QuantizeLinear with this version of ONNX's operators. */
const LEAST_OPSET = 13;

/**
 * Plans a model whose batch normalisations are folded.
 *
 * @throws {MeanetError} QUANTIZATION_REFUSED when it is quantised already, too old, has subgraphs, or has nothing to quantise
 */
export function planQuantization(file: OnnxFile, kept: KeptEnds): QuantizationPlan {
  refuse(file);
  const consumers = file.consumers();
  const isInteger = integerNodes(file, kept);
  dropLonelyMoves(file, isInteger);

  const sameAs = new Map<string, string>();
  const tensors = new Set<string>();
  const fused = new Set<NodeProto>();
  for (const node of file.nodes) {
    if (!isInteger.has(node)) continue;
    const [input] = node.input;
    for (const name of activations(file, node)) tensors.add(name);
    const output = fusedOutput(file, node, consumers, fused);
    const readers = consumers.get(output) ?? [];
    if (isLinear(node) && !readers.some((reader) => isInteger.has(reader))) continue; // logits stay as precise as their sums
    tensors.add(output);
    if (moves.has(node.opType)) sameAs.set(output, input!);
  }
  const computes = [...isInteger, ...fused];
  if (!computes.some(isLayer)) {
    throw refusal(
      `it has no convolution of constant weights with ${NARROW} channels or more, nor a linear layer behind one, and narrower ones are faster in float32`,
    );
  }
  return {
    layers: [...isInteger].filter(isLayer),
    tensors: [...tensors],
    sameAs,
    integer: countOps(computes),
    float: countOps(file.nodes.filter((node) => !computes.includes(node) && node.opType !== "Identity")),
  };
}

function refuse(file: OnnxFile): void {
  if (file.nodes.some(({ opType }) => /QuantizeLinear|^QLinear|Integer$/.test(opType))) {
    throw refusal("it is quantised already; give the float32 model that it was made from");
  }
  if (file.opset < LEAST_OPSET) {
    throw refusal(`it has operators of ONNX opset ${file.opset}, expected ${LEAST_OPSET} or later`);
  }
  const isGraph = ({ type }: { type: number }) => type === AttributeProto_AttributeType.GRAPH;
  if (file.nodes.some((node) => node.attribute.some(isGraph))) {
    throw refusal("it has nodes with graphs inside, such as If or Loop; these are not understood");
  }
}

function refusal(reason: string): MeanetError {
  return new MeanetError("QUANTIZATION_REFUSED", `the model cannot be quantised: ${reason}`, {});
}

function isLinear({ opType }: NodeProto): boolean {
  return opType === "Gemm" || opType === "MatMul";
}

function isLayer(node: NodeProto): boolean {
  return node.opType === "Conv" || isLinear(node);
}

/** In the order of the file, so that what makes a node's inputs is decided before it. */
function integerNodes(file: OnnxFile, kept: KeptEnds): Set<NodeProto> {
  const producers = file.producers();
  const chosen = new Set<NodeProto>();
  for (const node of file.nodes) {
    if (!fits(file, node) || isKept(file, node, kept)) continue;
    const makers = activations(file, node).map((name) => {
      const maker = producers.get(name);
      return maker !== undefined && isRectifier(file, maker) ? producers.get(maker.input[0]!) : maker;
    });
    // Turning float32 into bytes pays for a convolution; for what computes less, only where bytes are there already.
    const isPaid =
      node.opType === "Conv" ||
      (makers.every((maker) => maker === undefined || chosen.has(maker)) &&
        (isLayer(node) || makers.some((maker) => maker !== undefined)));
    if (isPaid) chosen.add(node);
  }
  return chosen;
}

/** Whether ONNX Runtime has the node on integers, and gains by it. */
function fits(file: OnnxFile, node: NodeProto): boolean {
  const isConstant = (name: string) => file.constants.has(name);
  const [input, weight, bias] = node.input;
  if (isLayer(node)) {
    const isFixed = isConstant(weight!) && (bias === undefined || bias === "" || isConstant(bias));
    const dims = isFixed ? dimsOf(file.constants.get(weight!)!) : [];
    if (node.opType === "Conv") return isFixed && dims[0]! >= NARROW;
    const isPlain =
      integerOf(node, "transA", 0) === 0 && floatOf(node, "alpha", 1) === 1 && floatOf(node, "beta", 1) === 1;
    return isFixed && dims.length === 2 && isPlain && (bias === undefined || isVector(file, bias));
  }
  if (node.opType === "Add") return !node.input.some(isConstant);
  if (node.opType === "Concat") return !node.input.some(isConstant);
  if (node.opType === "MaxPool") return node.output.length === 1;
  return (pools.has(node.opType) || moves.has(node.opType)) && !isConstant(input!);
}

function isVector(file: OnnxFile, name: string): boolean {
  const tensor = file.constants.get(name);
  return tensor !== undefined && dimsOf(tensor).length === 1;
}

/** What a byte form from 0 does by itself: cut below 0, and above where its range ends. */
function isRectifier(file: OnnxFile, { opType, input }: NodeProto): boolean {
  return opType === "Relu" || (opType === "Clip" && input.slice(1).every((name) => file.constants.has(name)));
}

function isKept(file: OnnxFile, node: NodeProto, kept: KeptEnds): boolean {
  const keepsFirst = kept === "first" || kept === "both";
  const keepsLast = kept === "last" || kept === "both";
  if (keepsFirst && node.opType === "Conv" && file.inputs.includes(node.input[0]!)) return true;
  return keepsLast && isLinear(node) && leadsToOutput(file, node);
}

function leadsToOutput(file: OnnxFile, node: NodeProto): boolean {
  const consumers = file.consumers();
  let name = node.output[0]!;
  for (;;) {
    if (file.outputs.includes(name)) return true;
    const readers = consumers.get(name) ?? [];
    const next = readers.length === 1 && readers[0]!.opType === "Identity" ? readers[0] : undefined;
    if (next === undefined) return false;
    name = next.output[0]!;
  }
}

/** A flatten between float32 neighbours alone would be quantised for nothing. */
function dropLonelyMoves(file: OnnxFile, isInteger: Set<NodeProto>): void {
  const consumers = file.consumers();
  for (const node of [...file.nodes].reverse()) {
    if (!moves.has(node.opType)) continue;
    const readers = consumers.get(node.output[0]!) ?? [];
    if (!readers.some((reader) => isInteger.has(reader))) isInteger.delete(node);
  }
}

/** What the node reads that is neither a constant nor left out. */
function activations(file: OnnxFile, node: NodeProto): string[] {
  const read = node.opType === "Add" || node.opType === "Concat" ? node.input : node.input.slice(0, 1);
  return read.filter((name) => name !== "" && !file.constants.has(name));
}

/** The output of a layer or sum, after its rectifier when nobody reads what lies between: a byte form from 0 rectifies. */
function fusedOutput(
  file: OnnxFile,
  node: NodeProto,
  consumers: ReadonlyMap<string, readonly NodeProto[]>,
  fused: Set<NodeProto>,
): string {
  const output = node.output[0]!;
  const readers = consumers.get(output) ?? [];
  const [next] = readers;
  const isAlone = readers.length === 1 && !file.outputs.includes(output);
  const canFuse = node.opType === "Conv" || node.opType === "Add" || isLinear(node);
  if (!canFuse || !isAlone || next === undefined || !isRectifier(file, next)) return output;
  fused.add(next);
  return next.output[0]!;
}

function countOps(nodes: readonly NodeProto[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
