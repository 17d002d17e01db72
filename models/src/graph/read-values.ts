/** Parameters and statistics read back from a model that {@link buildInference} wrote: there they are constants by name. */
import { MeanetError } from "@meanet/runtime";
import { type TensorProto, TensorProto_DataType } from "onnx-buf";
import { OnnxFile } from "../onnx-file/onnx-file.ts";
import { dimsOf, floatsOf } from "../onnx-file/tensor-data.ts";
import { parameterCount, statisticCount } from "./graph.ts";
import type { Part, TrainedValues } from "./part.ts";

/**
 * The values that an inference model of a part was built with, bit for bit.
 *
 * @param onnx - written by `buildInference(part, values)`
 * @throws {MeanetError} MODEL_INVALID when it is no ONNX file; NETWORK_INVALID when it holds no float values of this shape under a
 * layer's name: another network, or one whose weights were quantised
 */
export function readTrainedValues(part: Part, onnx: Uint8Array): TrainedValues {
  const constants = constantsByLayer(OnnxFile.read(onnx, `${part.name}.onnx`));
  const theta = new Float32Array(parameterCount(part.graph));
  for (const { name, shape, offset } of part.graph.parameters) {
    theta.set(valuesOf(part, name, constants.get(name)?.[0], shape), offset);
  }
  const statistics = new Float32Array(statisticCount(part.graph));
  for (const { name, channels, offset } of part.graph.statistics) {
    const [mean, variance] = constants.get(name) ?? [];
    statistics.set(valuesOf(part, name, mean, [channels]), offset);
    statistics.set(valuesOf(part, name, variance, [channels]), offset + channels);
  }
  return { theta, statistics };
}

/** Constants are named `{layer}/floats_{number}`, in the order in which they were made. */
function constantsByLayer(file: OnnxFile): Map<string, TensorProto[]> {
  const byLayer = new Map<string, TensorProto[]>();
  for (const [name, tensor] of file.constants) {
    const layer = name.slice(0, name.lastIndexOf("/"));
    byLayer.set(layer, [...(byLayer.get(layer) ?? []), tensor]);
  }
  return byLayer;
}

function valuesOf(
  part: Part,
  name: string,
  tensor: TensorProto | undefined,
  shape: readonly number[],
): Float32Array {
  const received = tensor === undefined ? [] : dimsOf(tensor);
  if (tensor?.dataType !== TensorProto_DataType.FLOAT || received.join() !== shape.join()) {
    const found =
      tensor === undefined
        ? "nor any"
        : `but [${received.join(", ")}] of type ${TensorProto_DataType[tensor.dataType]}`;
    throw new MeanetError(
      "NETWORK_INVALID",
      `${part.name}.onnx has no float32 values of shape [${shape.join(", ")}] for "${name}", ${found}`,
      { part: part.name, name, shape, received },
    );
  }
  return floatsOf(tensor);
}
