import { emitForward } from "./differentiate.ts";
import { constantsOf } from "./flat-vectors.ts";
import { OnnxGraph } from "./onnx/onnx-graph.ts";
import { writeOnnx } from "./onnx/write.ts";
import type { Part, TrainedValues } from "./part.ts";

/**
 * A trained part as an ONNX model for inference. The batch N is open.
 *
 * Inputs and outputs, float32: main `x` [N,C,H,W] → `y1` [N,K], `F1` [N,c,h,w]; extension `x`, `F1` → `y2` [N,H]; cloud `x` → `y`
 * [N,K]. All y are logits. Batch normalisation stays as nodes with constants, which ONNX Runtime folds when it opens the model.
 *
 * @throws {MeanetError} NETWORK_INVALID when the values are not of this part
 */
export function buildInference(part: Part, values: TrainedValues): Uint8Array {
  const onnx = new OnnxGraph();
  const { graph } = part;
  const inputs = Object.fromEntries(
    graph.inputs.map((name) => [name, onnx.input(name, "float32", ["N", ...graph.shapes.get(name)!])]),
  );
  const trace = emitForward(onnx, graph, { inputs, ...constantsOf(onnx, graph, values) });
  for (const [name, value] of Object.entries(graph.outputs)) onnx.output(name, trace.tensors.get(value)!);
  return writeOnnx(onnx, part.name);
}
