import { create } from "@bufbuild/protobuf";
import { MeanetError } from "@meanet/runtime";
import {
  TensorProto_DataType,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { rename } from "./cut.ts";
import type { OnnxFile } from "./onnx-file.ts";
import { tensorProto } from "./tensor-data.ts";

/** The pictures that a model made elsewhere takes. */
export interface PictureInput {
  readonly name: string;
  readonly type: "float32" | "uint8";
  /** Where the channels stand: behind the batch, or last. */
  readonly layout: "NCHW" | "NHWC";
  /** [C, H, W], whatever the layout. */
  readonly frame: readonly [number, number, number];
  /** Frames of one run; absent where any number goes. */
  readonly batch?: number;
}

/** Numbers that normalise a byte: (byte/255 - mean)/std, per channel. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The one input of an image classifier: four dimensions, of fixed size but for the batch, one or three channels.
 *
 * @param name - what messages call the file
 * @throws {MeanetError} MODEL_UNSUPPORTED
 */
export function pictureInput(file: OnnxFile, name: string): PictureInput {
  const inputs = file.graph.input.filter((value) => !file.constants.has(value.name));
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const found = inputs.map((value) => `"${value.name}" ${shapeText(dimsOfInput(value))}`).join(", ");
    throw refuse(name, `takes ${inputs.length} inputs (${found}); expected one, the picture`);
  }
  const type = typeOf(input, name);
  const dims = dimsOfInput(input);
  const found = `"${input.name}" ${shapeText(dims)}`;
  if (dims.length !== 4) throw refuse(name, `takes ${found}; expected four dimensions, [N, C, H, W]`);
  const [batch, ...rest] = dims;
  if (rest.includes(undefined)) {
    throw refuse(
      name,
      `takes ${found}, of open size; expected fixed channels, height and width: export it so`,
    );
  }
  if (batch !== undefined && batch !== 1) {
    throw refuse(name, `takes ${batch} frames a run, ${found}; expected one or any number: export it so`);
  }
  const [a, b, c] = rest as [number, number, number];
  const channels = [1, 3];
  const layout = channels.includes(a) ? "NCHW" : channels.includes(c) ? "NHWC" : undefined;
  if (layout === undefined) throw refuse(name, `takes ${found}; expected 1 or 3 channels, second or last`);
  return {
    name: input.name,
    type,
    layout,
    frame: layout === "NCHW" ? [a, b, c] : [c, a, b],
    ...(batch === undefined ? {} : { batch }),
  };
}

/**
 * Lets a model take the bundle's frames: its input becomes `x`, float32 `[N, C, H, W]` or `[1, C, H, W]`, normalised as the
 * bundle's. Another normalisation, layout or type is made of it by nodes in front.
 *
 * @param normalise - the bundle's normalisation and the model's own
 */
export function takeFrames(
  file: OnnxFile,
  input: PictureInput,
  normalise: { readonly bundle: Normalisation; readonly own: Normalisation },
): void {
  rename(file, new Map([[input.name, "x"]]));
  const [channels] = input.frame;
  const { bundle, own } = normalise;
  const factor = bundle.std.map((std, channel) => std / own.std[channel]!);
  const offset = bundle.mean.map((mean, channel) => (mean - own.mean[channel]!) / own.std[channel]!);
  const bytes = input.type === "uint8";
  // A cast cuts decimals off: half a step more rounds to the byte.
  const shift = bytes ? offset.map((value) => value + 0.5) : offset;
  const steps: ((from: string, to: string) => void)[] = [];
  const perChannel = (name: string, values: readonly number[]): string =>
    file.addConstant(tensorProto(name, [1, channels, 1, 1], Float32Array.from(values)));
  if (factor.some((value) => Math.abs(value - 1) > 1e-6)) {
    steps.push((from, to) => file.addNode("Mul", [from, perChannel("x.factor", factor)], to));
  }
  if (shift.some((value) => Math.abs(value) > 1e-6)) {
    steps.push((from, to) => file.addNode("Add", [from, perChannel("x.offset", shift)], to));
  }
  if (bytes) steps.push((from, to) => file.addNode("Cast", [from], to, { to: TensorProto_DataType.UINT8 }));
  if (input.layout === "NHWC") {
    steps.push((from, to) => file.addNode("Transpose", [from], to, { perm: [0, 2, 3, 1] }));
  }
  if (steps.length > 0) rename(file, new Map([["x", "x.taken"]]));
  for (const [index, step] of steps.entries()) {
    step(index === 0 ? "x" : `x.step${index}`, index === steps.length - 1 ? "x.taken" : `x.step${index + 1}`);
  }
  setFrames(file, input.frame, input.batch === 1 ? 1 : "N");
}

/** Writes the shape of the input `x`, the only one. */
export function setFrames(file: OnnxFile, frame: readonly number[], batch: 1 | "N"): void {
  const dim = (size: number | string) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === "number"
          ? { case: "dimValue", value: BigInt(size) }
          : { case: "dimParam", value: size },
    });
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: TensorProto_DataType.FLOAT,
    shape: create(TensorShapeProtoSchema, { dim: [batch, ...frame].map(dim) }),
  });
  const type = create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } });
  file.graph.input = [create(ValueInfoProtoSchema, { name: "x", type })];
}

function typeOf(input: ValueInfoProto, name: string): PictureInput["type"] {
  const type = input.type?.value;
  const element = type?.case === "tensorType" ? type.value.elemType : TensorProto_DataType.UNDEFINED;
  if (element === TensorProto_DataType.FLOAT) return "float32";
  if (element === TensorProto_DataType.UINT8) return "uint8";
  const found = TensorProto_DataType[element] ?? String(element);
  throw refuse(
    name,
    `takes "${input.name}" of type ${found}; expected FLOAT (float32) or UINT8: export it so`,
  );
}

/**
 * Shape of one frame of an input, its batch left out.
 *
 * @throws {MeanetError} MODEL_UNSUPPORTED when there is no such input, or its shape is open
 */
export function frameDims(file: OnnxFile, input: string): number[] {
  const value = file.graph.input.find(({ name }) => name === input);
  const [, ...dims] = value === undefined ? [] : dimsOfInput(value);
  const fixed = dims.filter((dim) => dim !== undefined);
  if (fixed.length === 0 || fixed.length < dims.length) {
    throw refuse("the model", `has no input "${input}" of fixed size`);
  }
  return fixed;
}

/** `undefined` where a dimension is open. */
function dimsOfInput(input: ValueInfoProto): (number | undefined)[] {
  const type = input.type?.value;
  const dims = type?.case === "tensorType" ? (type.value.shape?.dim ?? []) : [];
  return dims.map(({ value }) =>
    value.case === "dimValue" && value.value > 0n ? Number(value.value) : undefined,
  );
}

function shapeText(dims: readonly (number | undefined)[]): string {
  return `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
}

function refuse(file: string, problem: string): MeanetError {
  return new MeanetError("MODEL_UNSUPPORTED", `${file} ${problem}`, { file });
}
