import type { TensorViews } from "@meanet/inference";
import { type TensorProto, TensorProto_DataType } from "onnx-buf";
import { setFrames } from "./input.ts";
import { run } from "./inspect.ts";
import { OnnxFile, readsOf } from "./onnx-file.ts";
import { tensorProto } from "./tensor-data.ts";

/** Greatest |value - reference| / max(1, |reference|) that counts as the same answer. */
const TOLERANCE = 1e-3;

export interface Opened {
  readonly file: OnnxFile;
  /** Frames of one run; absent where any number goes. */
  readonly batch?: 1;
}

/**
 * Lets a model with the input `x` take any number of frames at a time, where its graph allows that: a `Reshape` that writes a batch of
 * one down is mended. What counts is that a batch answers as its frames do one by one; else the model keeps a batch of one.
 *
 * @param frame - [C, H, W]
 * @param frames - three frames, [3, C, H, W]
 * @throws {MeanetError} INFERENCE_FAILED when it runs with one frame neither
 */
export async function openBatch(
  file: OnnxFile,
  frame: readonly number[],
  frames: Float32Array,
): Promise<Opened> {
  const single = copyOf(file);
  setFrames(single, frame, 1);
  const feeds = (): TensorViews => ({ x: { data: frames.slice(), dims: [3, ...frame] } });
  const expected = await run(single, feeds());
  const open = copyOf(file);
  setFrames(open, frame, "N");
  for (const candidate of [open, mended(open)]) {
    const answers = await run(candidate, feeds()).catch(() => undefined);
    if (answers !== undefined && same(answers, expected)) return { file: candidate };
  }
  return { file: single, batch: 1 };
}

/** With every `Reshape` of something that the frames decide taking its batch from there. */
function mended(file: OnnxFile): OnnxFile {
  const copy = copyOf(file);
  const decided = new Set(["x"]);
  for (const node of copy.nodes) {
    if (!readsOf(node).some((name) => decided.has(name))) continue;
    for (const name of node.output) decided.add(name);
    const [data = "", shape = ""] = node.input;
    const target = copy.constants.get(shape);
    if (node.opType !== "Reshape" || !decided.has(data) || target === undefined) continue;
    const [batch, ...rest] = integersOf(target);
    if (batch !== 1n) continue;
    // One size at most may be left to be found (-1); 0 takes over the size of the input.
    const sizes = BigInt64Array.of(rest.includes(-1n) ? 0n : -1n, ...rest);
    node.input[1] = copy.addConstant(tensorProto(`${node.output[0]}.shape`, [sizes.length], sizes));
  }
  copy.removeUnusedConstants();
  return copy;
}

function integersOf(tensor: TensorProto): bigint[] {
  if (tensor.dataType !== TensorProto_DataType.INT64) return [];
  return tensor.rawData.length > 0
    ? Array.from(new BigInt64Array(tensor.rawData.slice().buffer))
    : [...tensor.int64Data];
}

function same(answers: TensorViews, expected: TensorViews): boolean {
  return Object.entries(expected).every(([name, reference]) => {
    const answer = answers[name]!;
    return (
      answer.dims.join() === reference.dims.join() &&
      reference.data.every((value: number | bigint, index: number) => {
        const wanted = Number(value);
        return Math.abs(Number(answer.data[index]) - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted));
      })
    );
  });
}

function copyOf(file: OnnxFile): OnnxFile {
  return OnnxFile.read(file.write());
}
