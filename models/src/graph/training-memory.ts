/** Memory of one training step, calculated from its graph: the least that any runtime needs. */
import { elementCount } from "../element-count.ts";
import { type Graph, parameterCount } from "./graph.ts";
import type { Part } from "./part.ts";

/** Bytes, float32. */
export interface TrainingMemory {
  /** Of the part that is trained and of the frozen part below it. */
  readonly weights: number;
  /** Of what is trained. */
  readonly gradients: number;
  readonly momentum: number;
  /** Values of the forward pass that the backward pass reads; of a frozen part only its outputs. */
  readonly activations: number;
  readonly total: number;
}

const BYTES = 4;

/** @param batch - frames of one step */
export function trainingMemory(part: Part, batch: number): TrainingMemory {
  const trained = BYTES * parameterCount(part.graph);
  const frozen = part.frozen === undefined ? 0 : BYTES * parameterCount(part.frozen.graph);
  const activations = BYTES * batch * storedElements(part.graph);
  return {
    weights: trained + frozen,
    gradients: trained,
    momentum: trained,
    activations,
    total: frozen + 3 * trained + activations,
  };
}

/** Elements of one frame: inputs of convolutions, batch normalisations and linear layers, and the signs of rectified maps. */
function storedElements(graph: Graph): number {
  const stored = new Set<string>();
  for (const { op, inputs, output } of graph.calls) {
    if (op === "conv" || op === "batchNorm" || op === "linear") stored.add(inputs[0]!);
    if (op === "relu") stored.add(output);
  }
  return [...stored].reduce((sum, value) => sum + elementCount(graph.shapes.get(value)!), 0);
}
