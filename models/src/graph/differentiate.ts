/** Emits the forward pass of a graph as ONNX nodes, and the reverse-mode gradients of its parameters. */
import type { Call, Graph, OpName } from "./graph.ts";
import { binary } from "./onnx/nodes.ts";
import type { OnnxGraph, Tensor } from "./onnx/onnx-graph.ts";
import { ops } from "./ops/index.ts";
import type { Forward, MomentSource, Moments } from "./ops/op.ts";

export interface Sources {
  /** Tensor of each input of the graph. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Tensor of each parameter. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly moments: MomentSource;
}

/** What a forward pass computed, as far as the backward pass needs it. */
export interface Trace {
  /** Values and parameters by name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Of each call, by its name. */
  readonly forwards: ReadonlyMap<string, Forward>;
}

export function emitForward(onnx: OnnxGraph, graph: Graph, sources: Sources): Trace {
  const tensors = new Map<string, Tensor>(sources.parameters);
  for (const [name, tensor] of Object.entries(sources.inputs)) tensors.set(name, tensor);
  const forwards = new Map<string, Forward>();
  for (const call of graph.calls) {
    onnx.scope = call.name;
    const inputs = call.inputs.map((input) => found(tensors, input));
    const forward = forwardOf(onnx, inputs, call, sources.moments);
    forwards.set(call.name, forward);
    tensors.set(call.output, forward.output);
  }
  onnx.scope = "";
  return { tensors, forwards };
}

/**
 * Walks the calls backwards; where a value is used more than once its gradients add up.
 *
 * @param seeds - gradient of the loss with respect to values of the graph, by name
 * @returns gradient of every parameter that the seeds depend on, by name; that of the others is zero
 */
export function emitBackward(
  onnx: OnnxGraph,
  graph: Graph,
  trace: Trace,
  seeds: Readonly<Record<string, Tensor>>,
): Map<string, Tensor> {
  const gradients = new Map<string, Tensor>(Object.entries(seeds));
  const trained = dependents(graph);
  for (const call of graph.calls.toReversed()) {
    const dOutput = gradients.get(call.output);
    if (dOutput === undefined) continue; // no part of the loss
    onnx.scope = `${call.name}/gradient`;
    const wanted = call.inputs.map((input) => trained.has(input));
    const inputs = call.inputs.map((input) => found(trace.tensors, input));
    const dInputs = backwardOf(onnx, inputs, found(trace.forwards, call.name), dOutput, wanted, call);
    for (const [index, input] of call.inputs.entries()) {
      const dInput = dInputs[index];
      if (dInput === undefined || !wanted[index]) continue;
      const sum = gradients.get(input);
      gradients.set(input, sum === undefined ? dInput : binary(onnx, "Add", sum, dInput));
    }
  }
  onnx.scope = "";
  return new Map(
    graph.parameters.flatMap(({ name }) => {
      const gradient = gradients.get(name);
      return gradient === undefined ? [] : [[name, gradient]];
    }),
  );
}

/** Mean and variance of every batch normalisation, in the order of the graph's statistics. */
export function momentsOf(graph: Graph, trace: Trace): Moments[] {
  return graph.statistics.map(({ name }) => {
    const { moments } = found(trace.forwards, name);
    if (moments === undefined) throw new Error(`${name} is no batch normalisation`);
    return moments;
  });
}

/** Names of the parameters, and of the values that depend on one. */
function dependents(graph: Graph): Set<string> {
  const names = new Set(graph.parameters.map(({ name }) => name));
  for (const call of graph.calls) {
    if (call.inputs.some((input) => names.has(input))) names.add(call.output);
  }
  return names;
}

// The type parameter ties the call to its operator, which an indexed access by a union would lose.
function forwardOf<O extends OpName>(
  onnx: OnnxGraph,
  inputs: readonly Tensor[],
  call: Call<O>,
  moments: MomentSource,
): Forward {
  return ops[call.op].forward(onnx, inputs, call, moments);
}

function backwardOf<O extends OpName>(
  onnx: OnnxGraph,
  inputs: readonly Tensor[],
  forward: Forward,
  dOutput: Tensor,
  wanted: readonly boolean[],
  call: Call<O>,
): readonly (Tensor | undefined)[] {
  return ops[call.op].backward(onnx, inputs, forward, dOutput, wanted, call);
}

function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`"${name}" was not computed`);
  return value;
}
