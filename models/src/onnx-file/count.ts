import { TensorProto_DataType } from "onnx-buf";
import { elementCount } from "../element-count.ts";
import type { BlockCount } from "../networks/index.ts";
import type { TensorFacts } from "./inspect.ts";
import type { OnnxFile } from "./onnx-file.ts";
import { dimsOf } from "./tensor-data.ts";

/** Inputs of batch normalisation that are statistics, not trained. */
const STATISTICS = [3, 4];

const trainedTypes = new Set([
  TensorProto_DataType.FLOAT,
  TensorProto_DataType.FLOAT16,
  TensorProto_DataType.BFLOAT16,
  TensorProto_DataType.DOUBLE,
  TensorProto_DataType.INT8,
]);

/**
 * Size of a model made elsewhere: trained numbers among its constants, scalars and running statistics left out, and
 * multiply-accumulates of `Conv`, `ConvTranspose`, `Gemm` and `MatMul` for one frame, by the shapes that a run had.
 */
export function countFile(file: OnnxFile, tensors: readonly TensorFacts[]): BlockCount {
  const shapes = new Map<string, readonly number[]>(tensors.map(({ name, dims }) => [name, dims]));
  for (const [name, tensor] of file.constants) shapes.set(name, dimsOf(tensor));
  const statistics = new Set(
    file.nodes.flatMap(({ opType, input }) =>
      opType === "BatchNormalization" ? STATISTICS.map((index) => input[index]) : [],
    ),
  );
  let parameters = 0;
  for (const [name, tensor] of file.constants) {
    if (tensor.dims.length > 0 && trainedTypes.has(tensor.dataType) && !statistics.has(name)) {
      parameters += elementCount(dimsOf(tensor));
    }
  }
  let macs = 0;
  for (const { opType, input, output } of file.nodes) {
    const [a = [], b = []] = input.map((name) => shapes.get(name) ?? []);
    const out = shapes.get(output[0] ?? "") ?? [];
    if (opType === "Conv") macs += elementCount(b) * elementCount(out.slice(2));
    else if (opType === "ConvTranspose") macs += elementCount(b) * elementCount(a.slice(2));
    else if (opType === "Gemm") macs += elementCount(b) * (out[0] ?? 1);
    else if (opType === "MatMul") macs += elementCount(out) * (a.at(-1) ?? 0);
  }
  return { parameters, macs };
}
