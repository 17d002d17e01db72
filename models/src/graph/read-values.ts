/** Parameters and statistics read back from a model that {@link buildInference} wrote: there they are constants by name. */
import { fromBinary } from "@bufbuild/protobuf";
import { MeanetError } from "@meanet/runtime";
import { ModelProtoSchema, type TensorProto, TensorProto_DataType } from "onnx-buf";
import { parameterCount, statisticCount } from "./graph.ts";
import type { Part, TrainedValues } from "./part.ts";

/**
 * The values that an inference model of a part was built with, bit for bit.
 *
 * @param onnx - written by `buildInference(part, values)`
 * @throws {MeanetError} NETWORK_INVALID when it holds no float values of this shape under a layer's name: another network, or one
 * whose weights were quantised
 */
export function readTrainedValues(part: Part, onnx: Uint8Array): TrainedValues {
  const constants = constantsByLayer(part, onnx);
  const theta = new Float32Array(parameterCount(part.graph));
  for (const { name, shape, offset } of part.graph.parameters) {
    theta.set(floatsOf(part, name, constants.get(name)?.[0], shape), offset);
  }
  const statistics = new Float32Array(statisticCount(part.graph));
  for (const { name, channels, offset } of part.graph.statistics) {
    const [mean, variance] = constants.get(name) ?? [];
    statistics.set(floatsOf(part, name, mean, [channels]), offset);
    statistics.set(floatsOf(part, name, variance, [channels]), offset + channels);
  }
  return { theta, statistics };
}

/** Constants are named `{layer}/floats_{number}`, in the order in which they were made. */
function constantsByLayer(part: Part, onnx: Uint8Array): Map<string, TensorProto[]> {
  let tensors: readonly TensorProto[];
  try {
    tensors = fromBinary(ModelProtoSchema, onnx).graph?.initializer ?? [];
  } catch (cause) {
    throw new MeanetError(
      "NETWORK_INVALID",
      `${part.name}.onnx is no ONNX file`,
      { part: part.name },
      { cause },
    );
  }
  const byLayer = new Map<string, TensorProto[]>();
  for (const tensor of tensors) {
    const layer = tensor.name.slice(0, tensor.name.lastIndexOf("/"));
    byLayer.set(layer, [...(byLayer.get(layer) ?? []), tensor]);
  }
  return byLayer;
}

function floatsOf(
  part: Part,
  name: string,
  tensor: TensorProto | undefined,
  shape: readonly number[],
): Float32Array {
  const received = tensor?.dims.map(Number) ?? [];
  const isFloat = tensor?.dataType === TensorProto_DataType.FLOAT;
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (!isFloat || received.join() !== shape.join() || tensor.rawData.length !== 4 * size) {
    throw new MeanetError(
      "NETWORK_INVALID",
      `${part.name}.onnx has no float32 values of shape [${shape.join(", ")}] for "${name}", ` +
        (tensor === undefined
          ? "nor any"
          : `but [${received.join(", ")}] of type ${TensorProto_DataType[tensor.dataType]}`),
      { part: part.name, name, shape, received },
    );
  }
  // A copy of its own: bytes of a file that was read lie anywhere in their buffer.
  return new Float32Array(Uint8Array.from(tensor.rawData).buffer);
}
