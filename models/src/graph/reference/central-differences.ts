/** Compares the gradient that a part's ONNX model computes with central differences of the float64 reference. */

import assert from "node:assert/strict";
import { openSession, Tensor } from "@meanet/inference/session";
import { elementCount } from "../../element-count.ts";
import { type Random, randomAt } from "../../training/random.ts";
import { type Graph, parameterCount } from "../graph.ts";
import type { Part, TrainedValues } from "../part.ts";
import { buildGradient, type Distillation } from "../training-step.ts";
import { type ReferenceTrace, referenceDistillation, referenceForward, referenceLoss } from "./forward.ts";

const step = 1e-6;
/** Elements looked at per parameter unless told: few enough that a whole network stays within a second. */
const defaultSamples = 16;

export interface GradientCase {
  readonly part: Part;
  readonly batch: number;
  readonly seed: number;
  readonly labelSmoothing?: number;
  readonly frozen?: TrainedValues;
  /** Together with `frozen`. */
  readonly distillation?: Distillation;
  /** Elements looked at per parameter. */
  readonly samples?: number;
}

interface Comparison {
  /** ‖∇ − reference‖ / ‖reference‖ over the samples of a parameter, by its name; 0 where both are 0. */
  readonly relativeErrors: ReadonlyMap<string, number>;
  readonly loss: { readonly onnx: number; readonly reference: number };
  readonly statistics: { readonly onnx: Float32Array; readonly reference: Float64Array };
}

async function compareGradient(given: GradientCase): Promise<Comparison> {
  const { part, batch, labelSmoothing = 0, distillation, samples = defaultSamples } = given;
  const { graph } = part;
  const random = randomAt(given.seed);
  const theta = Float32Array.from(someTheta(graph, random));
  const x = Float32Array.from({ length: batch * elements(graph, "x") }, () => 2 * random.next() - 1);
  const classes = elements(graph, graph.outputs[part.logits]!);
  const target = Array.from({ length: batch }, () => random.below(classes));

  // What no frozen part computes is given: any values do.
  const besides = given.frozen === undefined ? graph.inputs.filter((name) => name !== "x") : [];
  const others = besides.map(
    (name) =>
      [
        name,
        Float32Array.from({ length: batch * elements(graph, name) }, () => 2 * random.next() - 1),
      ] as const,
  );

  const model = buildGradient(part, given);
  const session = await openSession(model.onnx, { memArena: false });
  const outputs = await session.run({
    theta: new Tensor("float32", theta, [theta.length]),
    x: new Tensor("float32", x, [batch, ...graph.shapes.get("x")!]),
    target: new Tensor("int64", BigInt64Array.from(target, BigInt), [batch]),
    ...Object.fromEntries(
      others.map(([name, values]) => [
        name,
        new Tensor("float32", values, [batch, ...graph.shapes.get(name)!]),
      ]),
    ),
  });
  await session.close();
  const gradient = outputs.gradient!.data as Float32Array;

  const inputs: Record<string, Float64Array> = { x: Float64Array.from(x) };
  for (const [name, values] of others) inputs[name] = Float64Array.from(values);
  let teacher: Float64Array = new Float64Array();
  if (given.frozen !== undefined) {
    const below = referenceInference(part.frozen!.graph, batch, { x: Float64Array.from(x) }, given.frozen);
    inputs.F1 = below.F1!;
    teacher = below[part.frozen!.logits]!;
  }
  const exact = Float64Array.from(theta);
  const forward = (): ReferenceTrace =>
    referenceForward(graph, { batch, values: { ...inputs, ...split(graph, exact) } });
  const loss = (): number => {
    const logits = forward().values.get(graph.outputs[part.logits]!)!;
    const fromLabels = referenceLoss(logits, target, classes, labelSmoothing);
    if (distillation === undefined) return fromLabels;
    const { weight } = distillation;
    return (1 - weight) * fromLabels + weight * referenceDistillation(logits, teacher, batch, distillation);
  };

  const relativeErrors = new Map<string, number>();
  for (const { name, offset, size } of graph.parameters) {
    let [difference, norm] = [0, 0];
    for (let sample = 0; sample < Math.min(samples, size); sample++) {
      const at = offset + (size <= samples ? sample : random.below(size));
      const value = exact[at]!;
      exact[at] = value + step;
      const above = loss();
      exact[at] = value - step;
      const below = loss();
      exact[at] = value;
      const expected = (above - below) / (2 * step);
      difference += (gradient[at]! - expected) ** 2;
      norm += expected ** 2;
    }
    relativeErrors.set(name, Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1e-6));
  }
  const { moments } = forward();
  const reference = Float64Array.from(
    graph.statistics.flatMap(({ name }) => {
      const { mean, variance } = moments.get(name)!;
      return [...Array.from(mean), ...Array.from(variance)];
    }),
  );
  const statistics = (outputs.statistics?.data ?? new Float32Array()) as Float32Array;
  return {
    relativeErrors,
    loss: { onnx: (outputs.loss!.data as Float32Array)[0]!, reference: loss() },
    statistics: { onnx: statistics, reference },
  };
}

/** @throws AssertionError naming the parameters whose gradient is off by more than 1e-4 */
export async function assertGradient(given: GradientCase): Promise<void> {
  const { relativeErrors, loss, statistics } = await compareGradient(given);
  const wrong = [...relativeErrors].filter(([, error]) => !(error < 1e-4));
  assert.deepEqual(wrong, [], "parameters whose gradient differs");
  assert.ok(Math.abs(loss.onnx - loss.reference) < 1e-5 * loss.reference, `loss ${JSON.stringify(loss)}`);
  assert.equal(statistics.onnx.length, statistics.reference.length);
  for (const [at, expected] of statistics.reference.entries()) {
    assert.ok(Math.abs(statistics.onnx[at]! - expected) < 1e-5 * (1 + Math.abs(expected)), `statistic ${at}`);
  }
}

/** The parameters of a graph, by name, as pieces of theta. */
function split(graph: Graph, theta: Float64Array): Record<string, Float64Array> {
  return Object.fromEntries(
    graph.parameters.map(({ name, offset, size }) => [name, theta.subarray(offset, offset + size)]),
  );
}

/** Uniform weights of variance 2/fan-in, and no γ of exactly 1 nor β of 0, which would hide their gradients' mistakes. */
export function someTheta(graph: Graph, random: Random): Float64Array {
  const theta = new Float64Array(parameterCount(graph));
  for (const { offset, size, shape, initial } of graph.parameters) {
    const width = initial === "he" || initial === "linear" ? Math.sqrt(6 / (size / shape[0]!)) : 0.3;
    const centre = initial === "ones" ? 1 : 0;
    for (let at = offset; at < offset + size; at++) theta[at] = centre + width * (2 * random.next() - 1);
  }
  return theta;
}

/** Outputs of a graph with running statistics, in float64. */
export function referenceInference(
  graph: Graph,
  batch: number,
  inputs: Readonly<Record<string, Float64Array>>,
  values: TrainedValues,
): Record<string, Float64Array> {
  const offsets = new Map(graph.statistics.map((statistic) => [statistic.name, statistic]));
  const trace = referenceForward(graph, {
    batch,
    values: { ...inputs, ...split(graph, Float64Array.from(values.theta)) },
    moments: (name) => {
      const { offset, channels } = offsets.get(name)!;
      return {
        mean: values.statistics.subarray(offset, offset + channels),
        variance: values.statistics.subarray(offset + channels, offset + 2 * channels),
      };
    },
  });
  return Object.fromEntries(
    Object.entries(graph.outputs).map(([output, value]) => [output, trace.values.get(value)!]),
  );
}

function elements(graph: Graph, value: string): number {
  return elementCount(graph.shapes.get(value)!);
}
