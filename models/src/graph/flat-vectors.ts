/** Reading parameters and statistics out of their flat vectors, and writing them into one. */
import { MeanetError } from "@meanet/runtime";
import { type Graph, parameterCount, statisticCount } from "./graph.ts";
import { concat, reshape, slice } from "./onnx/nodes.ts";
import type { OnnxGraph, Tensor } from "./onnx/onnx-graph.ts";
import type { Moments } from "./ops/op.ts";
import type { TrainedValues } from "./part.ts";

/** Every parameter as a piece of the input `theta`. One Slice each: WebGPU has no Split of so many outputs. */
export function parametersOf(onnx: OnnxGraph, graph: Graph, theta: Tensor): Map<string, Tensor> {
  return new Map(
    graph.parameters.map(({ name, shape, offset, size }) => {
      onnx.scope = name;
      const piece = slice(onnx, theta, [{ axis: 0, start: offset, count: size }]);
      const parameter = reshape(onnx, piece, shape);
      onnx.scope = "";
      return [name, parameter];
    }),
  );
}

/** The gradients of all parameters as one vector [P]; zero where the loss does not depend on a parameter. */
export function flatGradient(onnx: OnnxGraph, graph: Graph, gradients: ReadonlyMap<string, Tensor>): Tensor {
  const pieces = graph.parameters.map(({ name, size }) => {
    const gradient = gradients.get(name);
    return gradient === undefined ? onnx.floats(new Float32Array(size)) : reshape(onnx, gradient, [size]);
  });
  return concat(onnx, pieces, 0);
}

/** Trained values as constants: what the runtime may fold into its weights, and lay out as it likes best. */
export function constantsOf(
  onnx: OnnxGraph,
  graph: Graph,
  values: TrainedValues,
): { parameters: Map<string, Tensor>; moments: (statistic: string) => Moments } {
  checkLengths(graph, values);
  const parameters = new Map(
    graph.parameters.map(({ name, shape, offset, size }) => {
      onnx.scope = name;
      return [name, onnx.floats(values.theta.slice(offset, offset + size), shape)];
    }),
  );
  const moments = new Map(
    graph.statistics.map(({ name, channels, offset }) => {
      onnx.scope = name;
      const mean = onnx.floats(values.statistics.slice(offset, offset + channels));
      const variance = onnx.floats(values.statistics.slice(offset + channels, offset + 2 * channels));
      return [name, { mean, variance }];
    }),
  );
  onnx.scope = "";
  return { parameters, moments: (statistic) => moments.get(statistic)! };
}

/** @throws {MeanetError} NETWORK_INVALID when values are not of this network */
function checkLengths(graph: Graph, { theta, statistics }: TrainedValues): void {
  const expected = { theta: parameterCount(graph), statistics: statisticCount(graph) };
  const received = { theta: theta.length, statistics: statistics.length };
  if (expected.theta !== received.theta || expected.statistics !== received.statistics) {
    throw new MeanetError(
      "NETWORK_INVALID",
      `received theta[${received.theta}] and statistics[${received.statistics}]; ` +
        `this network takes theta[${expected.theta}] and statistics[${expected.statistics}]`,
      { expected, received },
    );
  }
}
