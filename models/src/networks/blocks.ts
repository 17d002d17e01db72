/** The blocks that networks are made of. Each adds its layers under `name` and returns the name of its output. */
import type { GraphBuilder } from "../graph/graph.ts";

export function convBnRelu(
  graph: GraphBuilder,
  name: string,
  x: string,
  channels: number,
  stride: 1 | 2,
): string {
  const conv = graph.conv(`${name}.conv`, x, channels, 3, stride);
  return graph.relu(`${name}.relu`, graph.batchNorm(`${name}.bn`, conv));
}

/**
 * Two 3x3 convolutions beside a shortcut: the identity, or a 1x1 convolution with batch normalisation when the shape changes.
 *
 * @see He et al. 2016, option B
 */
export function basicBlock(
  graph: GraphBuilder,
  name: string,
  x: string,
  channels: number,
  stride: 1 | 2,
): string {
  const first = convBnRelu(graph, `${name}.first`, x, channels, stride);
  const second = graph.conv(`${name}.second.conv`, first, channels, 3, 1);
  const residual = graph.batchNorm(`${name}.second.bn`, second);
  let shortcut = x;
  if (stride !== 1 || graph.shape(x)[0] !== channels) {
    const projected = graph.conv(`${name}.shortcut.conv`, x, channels, 1, stride);
    shortcut = graph.batchNorm(`${name}.shortcut.bn`, projected);
  }
  return graph.relu(`${name}.relu`, graph.add(`${name}.sum`, residual, shortcut));
}

/** Basic blocks of one width; the first may halve the map. */
export function stage(
  graph: GraphBuilder,
  name: string,
  x: string,
  channels: number,
  blocks: number,
  stride: 1 | 2,
): string {
  let value = x;
  for (let index = 0; index < blocks; index++) {
    value = basicBlock(graph, `${name}.${index + 1}`, value, channels, index === 0 ? stride : 1);
  }
  return value;
}

/** Average pooling over square windows, or over the whole map, and one linear layer. */
export function exit(
  graph: GraphBuilder,
  name: string,
  x: string,
  window: number | "global",
  classes: number,
): string {
  const pool = window === "global" ? window : { kernel: window, stride: window };
  const pooled = graph.averagePool(`${name}.pool`, x, pool);
  return graph.linear(`${name}.linear`, graph.flatten(`${name}.flatten`, pooled), classes);
}
