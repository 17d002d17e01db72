/** What the tensors inside a model are, found by running it: no shape is inferred here. */
import { openEngine, type TensorView, type TensorViews } from "@meanet/inference";
import { cut } from "./cut.ts";
import type { PictureInput } from "./input.ts";
import type { OnnxFile } from "./onnx-file.ts";

export interface TensorFacts {
  readonly name: string;
  /** The operator that makes it. */
  readonly op: string;
  readonly type: string;
  /** Of a run with one frame. */
  readonly dims: readonly number[];
}

/** Element types that come out of an engine; what is of another, such as float16, cannot be looked at. */
const visible = ["float32", "int64", "int32", "uint8", "bool"];

/**
 * Runs a model once on one frame and tells of every tensor that its nodes make, in the order of computation.
 *
 * @throws {MeanetError} MODEL_INVALID, INFERENCE_FAILED
 */
export async function inspect(file: OnnxFile, input: PictureInput): Promise<TensorFacts[]> {
  const makers = file.producers();
  const names = [...makers.keys()].filter((name) => name !== "");
  const types = await outputTypes(cut(file, names));
  const seen = names.filter((name) => visible.includes(types.get(name) ?? ""));
  const [channels, height, width] = input.frame;
  const dims = input.layout === "NCHW" ? [1, channels, height, width] : [1, height, width, channels];
  const length = channels * height * width;
  const grey: TensorView = {
    data: input.type === "uint8" ? new Uint8Array(length).fill(128) : new Float32Array(length),
    dims,
  };
  const tensors = await run(cut(file, seen), { [input.name]: grey });
  return seen.map((name) => ({
    name,
    op: makers.get(name)!.opType,
    type: types.get(name)!,
    dims: tensors[name]!.dims,
  }));
}

/** Runs a model once and gives its outputs. @throws {MeanetError} MODEL_INVALID, INFERENCE_FAILED */
export async function run(file: OnnxFile, feeds: TensorViews): Promise<TensorViews> {
  const engine = await openEngine({ name: "inspect", model: file.write(), anyBatch: true });
  try {
    return (await engine.run(feeds)).outputs;
  } finally {
    await engine.close();
  }
}

async function outputTypes(file: OnnxFile): Promise<ReadonlyMap<string, string>> {
  const engine = await openEngine({ name: "inspect", model: file.write() });
  const types = new Map(engine.outputs.map(({ name, type }) => [name, type]));
  await engine.close();
  return types;
}

/** `[64, 7, 7]` of a tensor, its batch left out. */
export function frameShapeText(dims: readonly number[]): string {
  return `[${["N", ...dims.slice(1)].join(", ")}]`;
}
