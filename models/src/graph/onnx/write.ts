/**
 * ONNX graph → bytes of a `.onnx` file.
 *
 * IR version 8 with opset 17 of the default domain: reductions other than ReduceSum still take their axes as an attribute.
 * Numbers below are the field numbers of `onnx.proto3`.
 */
import type { Attribute, ElementType, OnnxConstant, OnnxGraph, OnnxNode, Tensor } from "./onnx-graph.ts";
import { delimited, float, integer, joined, type Message } from "./protobuf.ts";

export const irVersion = 8;
export const opset = 17;

const elementTypes: Record<ElementType, number> = { float32: 1, int64: 7 };

/** @param name - shown by viewers as the name of the graph */
export function writeOnnx(graph: OnnxGraph, name: string): Uint8Array {
  return joined([
    ...integer(1, irVersion),
    ...delimited(2, "meanet"),
    ...delimited(7, [
      ...graph.nodes.flatMap((node) => delimited(1, nodeProto(node))),
      ...delimited(2, name),
      ...graph.constants.flatMap((constant) => delimited(5, tensorProto(constant))),
      ...graph.inputs.flatMap((input) => delimited(11, valueInfoProto(input))),
      ...graph.outputs.flatMap((output) => delimited(12, valueInfoProto(output))),
    ]),
    ...delimited(8, [...delimited(1, ""), ...integer(2, opset)]),
  ]);
}

function nodeProto(node: OnnxNode): Message {
  return [
    ...node.inputs.flatMap((input) => delimited(1, input)),
    ...delimited(2, node.output),
    ...delimited(3, node.output), // one node makes one tensor: they share their name
    ...delimited(4, node.op),
    ...Object.entries(node.attributes).flatMap(([name, value]) => delimited(5, attributeProto(name, value))),
  ];
}

function attributeProto(name: string, value: Attribute): Message {
  const start = delimited(1, name);
  if (typeof value === "number") return [...start, ...integer(3, value), ...integer(20, 2)];
  if (typeof value === "string") return [...start, ...delimited(4, value), ...integer(20, 3)];
  if ("float" in value) return [...start, ...float(2, value.float), ...integer(20, 1)];
  return [...start, ...value.flatMap((item) => integer(8, item)), ...integer(20, 7)];
}

function tensorProto(constant: OnnxConstant): Message {
  const { data } = constant;
  return [
    ...constant.shape.flatMap((size) => integer(1, size)),
    ...integer(2, elementTypes[constant.type]),
    ...delimited(8, constant.name),
    ...delimited(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function valueInfoProto(tensor: Tensor): Message {
  const dims = tensor.shape.flatMap((dim) =>
    delimited(1, typeof dim === "number" ? integer(1, dim) : delimited(2, dim)),
  );
  const tensorType = [...integer(1, elementTypes[tensor.type]), ...delimited(2, dims)];
  return [...delimited(1, tensor.name), ...delimited(2, delimited(1, tensorType))];
}
