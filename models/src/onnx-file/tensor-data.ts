/** The numbers inside an ONNX tensor, as typed arrays and back. */

import { create } from "@bufbuild/protobuf";
import { MeanetError } from "@meanet/runtime";
import { type TensorProto, TensorProto_DataType, TensorProtoSchema } from "onnx-buf";
import { elementCount } from "../element-count.ts";

export type TensorNumbers = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** A constant of a model file. A shape of `[]` is a scalar. */
export function tensorProto(name: string, dims: readonly number[], data: TensorNumbers): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: dataTypeOf(data),
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
  });
}

/**
 * The values of a float32 tensor, whichever of the two fields the file keeps them in.
 *
 * @throws {MeanetError} MODEL_INVALID when it is of another type, outside the file, or of another length than its shape
 */
export function floatsOf(tensor: TensorProto): Float32Array {
  const { name, dataType, rawData, floatData } = tensor;
  const expected = elementCount(dimsOf(tensor));
  if (dataType !== TensorProto_DataType.FLOAT) {
    throw invalid(name, `element type ${TensorProto_DataType[dataType] ?? dataType}, expected FLOAT`);
  }
  // The bytes of a message need not lie on a multiple of 4: copied, they do. (A Buffer's slice would be no copy.)
  const floats =
    rawData.length > 0 ? new Float32Array(Uint8Array.from(rawData).buffer) : Float32Array.from(floatData);
  if (floats.length !== expected) {
    throw invalid(name, `${floats.length} values for ${expected}; data outside the file is not read`);
  }
  return floats;
}

export function dimsOf(tensor: TensorProto): number[] {
  return tensor.dims.map(Number);
}

function dataTypeOf(data: TensorNumbers): TensorProto_DataType {
  if (data instanceof Float32Array) return TensorProto_DataType.FLOAT;
  if (data instanceof Uint8Array) return TensorProto_DataType.UINT8;
  if (data instanceof Int8Array) return TensorProto_DataType.INT8;
  return data instanceof Int32Array ? TensorProto_DataType.INT32 : TensorProto_DataType.INT64;
}

function invalid(name: string, reason: string): MeanetError {
  return new MeanetError("MODEL_INVALID", `constant "${name}" of the ONNX file holds ${reason}`, { name });
}
