/**
 * What the models of a bundle say of many frames, as the nodes would run them: main on all of them, the extension on those
 * that main calls hard, the cloud's network on all.
 */
import { type Engine, openEngine, type TensorView } from "@meanet/inference";
import type { ModelInput } from "../bundle/manifest.ts";
import type { LabelledFrames } from "../data/dataset.ts";
import { gather } from "../data/gather.ts";
import { argmax, softmax } from "../routing.ts";

/** Frames of one run. Larger ones are no faster: batch matters little to ONNX Runtime on a CPU. */
const BATCH = 100;

/** Which of the frames, and how they become the model's input. */
export interface Frames {
  readonly labelled: LabelledFrames;
  /** Indices into `labelled`, in the order of every result. */
  readonly indices: Uint32Array;
  readonly input: ModelInput;
  /** Told of the number of frames of each run, when it is done. */
  readonly onRun?: ((frames: number) => void) | undefined;
}

/** Main's and the extension's distributions of one frame. */
export interface EdgeAnswer {
  /** Shape [C]. */
  readonly p1: Float64Array;
  /** Shape [H]; absent when main called the frame easy, since the extension does not run then. */
  readonly p2?: Float64Array;
}

export interface EdgeModels {
  readonly main: Uint8Array;
  /** Absent: main alone answers. */
  readonly extension?: Uint8Array | undefined;
  readonly hardClasses: readonly number[];
}

/** The edge's distributions of each frame. */
export async function predictEdge(models: EdgeModels, frames: Frames): Promise<EdgeAnswer[]> {
  const main = await openEngine({ name: "main", model: models.main, anyBatch: true });
  try {
    const extension =
      models.extension === undefined
        ? undefined
        : await openEngine({ name: "extension", model: models.extension, anyBatch: true });
    try {
      return await answerEdge(main, extension, new Set(models.hardClasses), frames);
    } finally {
      await extension?.close();
    }
  } finally {
    await main.close();
  }
}

async function answerEdge(
  main: Engine,
  extension: Engine | undefined,
  hardClasses: ReadonlySet<number>,
  frames: Frames,
): Promise<EdgeAnswer[]> {
  const answers: EdgeAnswer[] = [];
  for (const batch of batches(frames)) {
    const { outputs } = await main.run({ x: view(frames, batch) });
    const distributions = rows(outputs.y1!).map(softmax);
    const hard = distributions.flatMap((p1, row) => (hardClasses.has(argmax(p1)) ? [row] : []));
    const second = new Map<number, Float64Array>();
    if (extension !== undefined && hard.length > 0) {
      const answer = await extension.run({
        x: view(
          frames,
          hard.map((row) => batch[row]!),
        ),
        F1: pickMaps(outputs.F1!, hard),
      });
      for (const [position, logits] of rows(answer.outputs.y2!).entries()) {
        second.set(hard[position]!, softmax(logits));
      }
    }
    for (const [row, p1] of distributions.entries()) {
      const p2 = second.get(row);
      answers.push(p2 === undefined ? { p1 } : { p1, p2 });
    }
  }
  return answers;
}

/** Logits of a model with one input `x` and one output, such as the cloud's network; shape [K] each. */
export async function predictPlain(
  model: Uint8Array,
  output: string,
  frames: Frames,
): Promise<Float32Array[]> {
  const engine = await openEngine({ name: "plain", model, anyBatch: true });
  try {
    const logits: Float32Array[] = [];
    for (const batch of batches(frames)) {
      const { outputs } = await engine.run({ x: view(frames, batch) });
      logits.push(...rows(outputs[output]!));
    }
    return logits;
  } finally {
    await engine.close();
  }
}

/** Logits of main and extension on every frame, whatever main says of it: what training needs to judge the extension. */
export async function predictExtension(
  main: Uint8Array,
  extension: Uint8Array,
  frames: Frames,
): Promise<Float32Array[]> {
  const first = await openEngine({ name: "main", model: main, anyBatch: true });
  try {
    const second = await openEngine({ name: "extension", model: extension, anyBatch: true });
    try {
      const logits: Float32Array[] = [];
      for (const batch of batches(frames)) {
        const { outputs } = await first.run({ x: view(frames, batch) });
        const answer = await second.run({ x: view(frames, batch), F1: outputs.F1! });
        logits.push(...rows(answer.outputs.y2!));
      }
      return logits;
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

function* batches({ indices, onRun }: Frames): Generator<Uint32Array> {
  for (let start = 0; start < indices.length; start += BATCH) {
    const batch = indices.subarray(start, start + BATCH);
    yield batch;
    onRun?.(batch.length);
  }
}

function view({ labelled, input }: Frames, indices: ArrayLike<number>): TensorView {
  return gather(labelled, indices, input);
}

/** The maps of the frames `picked`. */
export function pickMaps(maps: TensorView, picked: readonly number[]): TensorView {
  const [count, ...dims] = maps.dims;
  const data = floats(maps);
  const length = data.length / count!;
  const out = new Float32Array(picked.length * length);
  for (const [position, row] of picked.entries()) {
    out.set(data.subarray(row * length, (row + 1) * length), position * length);
  }
  return { data: out, dims: [picked.length, ...dims] };
}

/** The logits of each frame, shape [K] each. */
export function rows(logits: TensorView): Float32Array[] {
  const [count, width] = logits.dims;
  const data = floats(logits);
  return Array.from({ length: count! }, (_, row) => data.subarray(row * width!, (row + 1) * width!));
}

function floats(tensor: TensorView): Float32Array {
  if (!(tensor.data instanceof Float32Array)) {
    throw new TypeError("a model of a bundle gives float32 outputs");
  }
  return tensor.data;
}
