/** What the edge says of labelled frames: main's distribution and features, computed once, and an extension over them. */

import { openSession, type Session, Tensor } from "@meanet/inference/session";
import { elementCount } from "../element-count.ts";
import { argmax, type DecisionSettings, decide, softmax } from "../routing.ts";

/** Frames of one run of an inference model. */
const RUN = 32;

/** Labelled frames and what main makes of them. */
export interface Prepared {
  readonly labels: readonly number[];
  readonly weights: readonly number[];
  /** Row of each in `x` and `features`, which parts of a store share. */
  readonly rows: readonly number[];
  /** Inputs, one after the other. */
  readonly x: Float32Array;
  /** F1 of each. */
  readonly features: Float32Array;
  readonly p1: readonly Float64Array[];
}

export interface Shapes {
  /** Of a frame, the batch left out. */
  readonly x: readonly number[];
  readonly F1: readonly number[];
}

/** Runs main over all frames. */
export async function prepare(
  main: Session,
  shapes: Shapes,
  {
    tensors,
    labels,
    weights,
  }: {
    readonly tensors: Float32Array;
    readonly labels: readonly number[];
    readonly weights: readonly number[];
  },
  beforeRun: () => void,
): Promise<Prepared> {
  const [ofX, ofF1] = [elementCount(shapes.x), elementCount(shapes.F1)];
  const features = new Float32Array(labels.length * ofF1);
  const p1: Float64Array[] = [];
  for (let start = 0; start < labels.length; start += RUN) {
    beforeRun();
    const count = Math.min(RUN, labels.length - start);
    const x = new Tensor("float32", tensors.slice(start * ofX, (start + count) * ofX), [count, ...shapes.x]);
    const { y1, F1 } = await main.run({ x });
    features.set(F1!.data as Float32Array, start * ofF1);
    p1.push(...rowsOfBatch(y1!, count).map(softmax));
  }
  return { labels, weights, rows: labels.map((_, row) => row), x: tensors, features, p1 };
}

/** Some of them; inputs and features are not copied. */
export function select(frames: Prepared, wanted: (at: number) => boolean): Prepared {
  const positions = frames.labels.flatMap((_, at) => (wanted(at) ? [at] : []));
  const ofThese = <T>(values: readonly T[]): T[] => positions.map((at) => values[at]!);
  return {
    ...frames,
    labels: ofThese(frames.labels),
    weights: ofThese(frames.weights),
    rows: ofThese(frames.rows),
    p1: ofThese(frames.p1),
  };
}

/** Whether each answer of the edge with this extension is right: main's where it calls an easy class, else by the rule. */
export async function rightAnswers(
  extension: Uint8Array,
  decision: DecisionSettings,
  shapes: Shapes,
  prepared: Prepared,
  beforeRun: () => void,
): Promise<boolean[]> {
  const hard = prepared.p1.flatMap((p1, position) =>
    decision.hardClasses.includes(argmax(p1)) ? [position] : [],
  );
  const p2 = new Map<number, Float64Array>();
  const session = await openSession(extension);
  try {
    for (let start = 0; start < hard.length; start += RUN) {
      beforeRun();
      const positions = hard.slice(start, start + RUN);
      const { y2 } = await session.run({
        x: gather(prepared.x, rowsOf(prepared, positions), shapes.x),
        F1: gather(prepared.features, rowsOf(prepared, positions), shapes.F1),
      });
      for (const [row, logits] of rowsOfBatch(y2!, positions.length).entries()) {
        p2.set(positions[row]!, softmax(logits));
      }
    }
  } finally {
    await session.close();
  }
  return prepared.labels.map(
    (label, at) => decide({ p1: prepared.p1[at]!, p2: p2.get(at), ...decision }).classIndex === label,
  );
}

/** Weighted share of right answers; 0 when there are none. */
export function accuracyOf(right: readonly boolean[], weights: readonly number[]): number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const good = weights.reduce((total, weight, at) => total + (right[at] ? weight : 0), 0);
  return sum === 0 ? 0 : good / sum;
}

function rowsOf({ rows }: Prepared, positions: readonly number[]): number[] {
  return positions.map((position) => rows[position]!);
}

/** Rows of a vector of frames, as a batch. */
function gather(frames: Float32Array, positions: readonly number[], shape: readonly number[]): Tensor {
  const length = elementCount(shape);
  const data = new Float32Array(positions.length * length);
  for (const [row, position] of positions.entries()) {
    data.set(frames.subarray(position * length, (position + 1) * length), row * length);
  }
  return new Tensor("float32", data, [positions.length, ...shape]);
}

function rowsOfBatch({ data }: Tensor, count: number): Float32Array[] {
  const values = data as Float32Array;
  const length = values.length / count;
  return Array.from({ length: count }, (_, row) => values.slice(row * length, (row + 1) * length));
}
