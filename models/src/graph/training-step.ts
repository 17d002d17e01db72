/** The graphs that training runs: one step of SGD, the gradient alone, and the statistics of batch normalisation alone. */
import { MeanetError } from "@meanet/runtime";
import { emitBackward, emitForward, momentsOf, type Trace } from "./differentiate.ts";
import { constantsOf, flatGradient, parametersOf } from "./flat-vectors.ts";
import { type Graph, parameterCount, statisticCount } from "./graph.ts";
import { binary, concat } from "./onnx/nodes.ts";
import { OnnxGraph, type Tensor } from "./onnx/onnx-graph.ts";
import { writeOnnx } from "./onnx/write.ts";
import { distil } from "./ops/distillation.ts";
import { softmaxCrossEntropy } from "./ops/softmax-cross-entropy.ts";
import type { Part, TrainedValues } from "./part.ts";

export interface BatchOptions {
  /** Images of one run, N ≥ 1. Fixed: every run takes exactly as many. */
  readonly batch: number;
  /** Values of the frozen part, which becomes constants. Without them, its outputs become inputs of the model (`F1`). */
  readonly frozen?: TrainedValues;
}

export interface LossOptions extends BatchOptions {
  /** s in [0, 1): targets are (1 − s)·onehot + s/K. Default 0. */
  readonly labelSmoothing?: number;
  /** What the part learns from the frozen part's answers, beside the labels. */
  readonly distillation?: Distillation;
}

/**
 * Loss (1 − a)·CE(label) + a·τ²·CE(softmax(z1/τ), softmax(z/τ)), where z1 are the frozen part's logits of the classes that this
 * part tells apart.
 *
 * @see Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"
 */
export interface Distillation {
  /** a, in [0, 1]. */
  readonly weight: number;
  /** τ > 0. */
  readonly temperature: number;
  /** Index of each of this part's outputs among the frozen part's. */
  readonly classes: readonly number[];
}

export interface TrainingOptions extends LossOptions {
  /** Share of the last update that is carried over, in [0, 1). */
  readonly momentum: number;
  /** This times the weight is added to the gradient of weights; not of biases or batch normalisation. */
  readonly weightDecay: number;
}

/** An ONNX model, with the shape of each of its inputs and outputs. */
export interface BuiltModel {
  readonly onnx: Uint8Array;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/**
 * One step of stochastic gradient descent with momentum, as an ONNX model.
 *
 * v ← momentum·v + ∇ + weightDecay·θ (weights only), θ ← θ − learningRate·v: linear in the gradient, so that workers that start
 * from the same θ and v, step on shards of a batch, and average both, make the step of the whole batch (with batch
 * normalisation per shard).
 *
 * Inputs: `theta` [P], `momentum` [P], `learningRate` [1], `x` [N,C,H,W], float32; `target` [N], int64, indices into the logits.
 * Outputs, float32: `nextTheta` [P], `nextMomentum` [P], `loss` [1] in nats, `logits` [N,K], both before the step,
 * `statistics` [S], means and biased variances of this batch.
 *
 * @throws {MeanetError} NETWORK_INVALID
 */
export function buildTrainingStep(part: Part, options: TrainingOptions): BuiltModel {
  const { onnx, theta, trace, gradient } = emitGradient(part, options);
  const momentum = onnx.input("momentum", "float32", theta.shape);
  const learningRate = onnx.input("learningRate", "float32", [1]);
  const decay = new Float32Array(parameterCount(part.graph));
  for (const parameter of part.graph.parameters) {
    if (parameter.decay) decay.fill(options.weightDecay, parameter.offset, parameter.offset + parameter.size);
  }
  const decayed = binary(onnx, "Mul", theta, onnx.floats(decay));
  const kept = binary(onnx, "Mul", momentum, onnx.scalar(options.momentum));
  const nextMomentum = binary(onnx, "Add", kept, binary(onnx, "Add", gradient, decayed));
  onnx.output("nextMomentum", nextMomentum);
  onnx.output("nextTheta", binary(onnx, "Sub", theta, binary(onnx, "Mul", nextMomentum, learningRate)));
  outputStatistics(onnx, part.graph, trace);
  return built(onnx, `${part.name} training step`);
}

/**
 * The gradient of the loss alone, as an ONNX model, for updates other than {@link buildTrainingStep}'s.
 *
 * Inputs: `theta` [P], `x` [N,C,H,W], `target` [N] int64. Outputs: `gradient` [P], `loss` [1], `logits` [N,K], `statistics` [S].
 *
 * @throws {MeanetError} NETWORK_INVALID
 */
export function buildGradient(part: Part, options: LossOptions): BuiltModel {
  const { onnx, trace, gradient } = emitGradient(part, options);
  onnx.output("gradient", gradient);
  outputStatistics(onnx, part.graph, trace);
  return built(onnx, `${part.name} gradient`);
}

/**
 * The statistics of a batch without a step, as an ONNX model: run it over some 40 batches as they are in training, and give
 * the answers to {@link averageStatistics}. Running averages kept while the parameters move lag behind them.
 *
 * Inputs: `theta` [P], `x` [N,C,H,W]. Output: `statistics` [S].
 *
 * @throws {MeanetError} NETWORK_INVALID
 */
export function buildStatistics(part: Part, options: BatchOptions): BuiltModel {
  const { onnx, trace } = emitBatch(part, options);
  outputStatistics(onnx, part.graph, trace);
  return built(onnx, `${part.name} statistics`);
}

/**
 * Statistics of the union of equally large batches: mean of means, and mean of variances plus variance of means.
 *
 * @param batches - one or more vectors [S] of {@link buildStatistics}, made with the same theta
 * @returns shape [S]
 */
export function averageStatistics(part: Part, batches: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const average = new Float32Array(statisticCount(part.graph));
  const averageAt = (value: (batch: Float32Array) => number): number =>
    batches.reduce((sum, batch) => sum + value(batch), 0) / batches.length;
  for (const { channels, offset } of part.graph.statistics) {
    for (let at = offset; at < offset + channels; at++) {
      const mean = averageAt((batch) => batch[at]!);
      average[at] = mean;
      average[at + channels] = averageAt((batch) => batch[at + channels]! + (batch[at]! - mean) ** 2);
    }
  }
  return average;
}

interface EmittedBatch {
  readonly onnx: OnnxGraph;
  readonly theta: Tensor;
  readonly trace: Trace;
  /** Logits of the frozen part, when its values are given. */
  readonly frozenLogits?: Tensor;
}

/** Forward pass with the batch's own statistics, behind the frozen part if there is one. */
function emitBatch(part: Part, { batch, frozen }: BatchOptions): EmittedBatch {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new MeanetError("NETWORK_INVALID", `batch is ${batch}; expected an integer ≥ 1`, { batch });
  }
  const onnx = new OnnxGraph();
  const { graph } = part;
  const theta = onnx.input("theta", "float32", [parameterCount(graph)]);
  const inputs: Record<string, Tensor> = {};
  const inputOf = (name: string): Tensor => {
    const shape = graph.shapes.get(name) ?? part.frozen!.graph.shapes.get(name)!;
    inputs[name] ??= onnx.input(name, "float32", [batch, ...shape]);
    return inputs[name];
  };
  let frozenLogits: Tensor | undefined;
  if (frozen !== undefined && part.frozen !== undefined) {
    const below = part.frozen.graph;
    const sources = Object.fromEntries(below.inputs.map((name) => [name, inputOf(name)]));
    const trace = emitForward(onnx, below, { inputs: sources, ...constantsOf(onnx, below, frozen) });
    for (const [name, value] of Object.entries(below.outputs)) inputs[name] = trace.tensors.get(value)!;
    frozenLogits = inputs[part.frozen.logits];
  }
  for (const name of graph.inputs) inputOf(name);
  const parameters = parametersOf(onnx, graph, theta);
  const own = Object.fromEntries(graph.inputs.map((name) => [name, inputOf(name)]));
  const trace = emitForward(onnx, graph, { inputs: own, parameters, moments: "batch" });
  return { onnx, theta, trace, ...(frozenLogits === undefined ? {} : { frozenLogits }) };
}

function emitGradient(part: Part, options: LossOptions): EmittedBatch & { readonly gradient: Tensor } {
  const emitted = emitBatch(part, options);
  const { onnx, trace } = emitted;
  const logitsValue = part.graph.outputs[part.logits]!;
  const logits = trace.tensors.get(logitsValue)!;
  const target = onnx.input("target", "int64", [options.batch]);
  onnx.scope = "loss";
  const fromLabels = softmaxCrossEntropy(onnx, logits, target, options.labelSmoothing ?? 0);
  const { loss, dLogits } =
    options.distillation === undefined
      ? fromLabels
      : distil(
          onnx,
          fromLabels,
          logits,
          taught(emitted.frozenLogits, part, options.distillation),
          options.distillation,
        );
  const gradients = emitBackward(onnx, part.graph, trace, { [logitsValue]: dLogits });
  onnx.scope = "step";
  onnx.output("loss", loss);
  onnx.output("logits", logits);
  return { ...emitted, gradient: flatGradient(onnx, part.graph, gradients) };
}

/** @throws {MeanetError} NETWORK_INVALID when there is nobody to learn from, or other classes are meant */
function taught(teacher: Tensor | undefined, part: Part, { classes }: Distillation): Tensor {
  const [outputs] = part.graph.shapes.get(part.graph.outputs[part.logits]!)!;
  if (teacher === undefined || classes.length !== outputs) {
    throw new MeanetError(
      "NETWORK_INVALID",
      teacher === undefined
        ? `${part.name} is to learn from a frozen part's logits; expected its values`
        : `${part.name} is to learn ${classes.length} logits of a frozen part; expected one for each of its ${outputs} outputs`,
      { part: part.name, classes },
    );
  }
  return teacher;
}

function outputStatistics(onnx: OnnxGraph, graph: Graph, trace: Trace): void {
  const vectors = momentsOf(graph, trace).flatMap(({ mean, variance }) => [mean, variance]);
  if (vectors.length > 0) onnx.output("statistics", concat(onnx, vectors, 0));
}

function built(onnx: OnnxGraph, name: string): BuiltModel {
  const shapes = (tensors: readonly Tensor[]): Record<string, readonly number[]> =>
    Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor.shape as readonly number[]])); // the batch is fixed
  return { onnx: writeOnnx(onnx, name), inputs: shapes(onnx.inputs), outputs: shapes(onnx.outputs) };
}
