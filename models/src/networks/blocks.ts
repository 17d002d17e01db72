/** The blocks that networks are made of. Each adds its layers under `name` and returns the name of its output. */
import type { GraphBuilder, Pair } from "../graph/graph.ts";

/** What a network spans and halves: both axes of an image, or time alone of a window, whose map has height 1. */
export interface Axes {
  /** A side, a stride or a pool on the axes that there are. */
  readonly along: (side: number) => Pair;
  /** Of every convolution but 1x1 shortcuts. */
  readonly kernel: Pair;
}

export function convBnRelu(
  graph: GraphBuilder,
  name: string,
  x: string,
  channels: number,
  stride: number,
  axes: Axes,
): string {
  const conv = graph.conv(`${name}.conv`, x, channels, axes.kernel, axes.along(stride));
  return graph.relu(`${name}.relu`, graph.batchNorm(`${name}.bn`, conv));
}

/**
 * Two convolutions beside a shortcut: the identity, or a 1x1 convolution with batch normalisation when the shape changes.
 *
 * @see He et al. 2016, option B
 */
export function basicBlock(
  graph: GraphBuilder,
  name: string,
  x: string,
  channels: number,
  stride: number,
  axes: Axes,
): string {
  const first = convBnRelu(graph, `${name}.first`, x, channels, stride, axes);
  const second = graph.conv(`${name}.second.conv`, first, channels, axes.kernel, 1);
  const residual = graph.batchNorm(`${name}.second.bn`, second);
  let shortcut = x;
  if (stride !== 1 || graph.shape(x)[0] !== channels) {
    const projected = graph.conv(`${name}.shortcut.conv`, x, channels, 1, axes.along(stride));
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
  stride: number,
  axes: Axes,
): string {
  let value = x;
  for (let index = 0; index < blocks; index++) {
    value = basicBlock(graph, `${name}.${index + 1}`, value, channels, index === 0 ? stride : 1, axes);
  }
  return value;
}

/** Average pooling over windows of one side, or over the whole map, and one linear layer. */
export function exit(
  graph: GraphBuilder,
  name: string,
  x: string,
  window: number | "global",
  classes: number,
  axes: Axes,
): string {
  const pool = window === "global" ? window : { kernel: axes.along(window), stride: axes.along(window) };
  const pooled = graph.averagePool(`${name}.pool`, x, pool);
  return graph.linear(`${name}.linear`, graph.flatten(`${name}.flatten`, pooled), classes);
}
