import { describe, test } from "node:test";
import { GraphBuilder } from "../graph.ts";
import { assertGradient } from "../reference/central-differences.ts";

interface OpCase {
  readonly name: string;
  readonly input: readonly [number, number, number];
  readonly batch?: number;
  readonly labelSmoothing?: number;
  /** Adds the layers under test to `x` and returns their output. */
  readonly layers: (graph: GraphBuilder, x: string) => string;
}

/** A first convolution, so that what follows must pass a gradient through to it. */
const first = (graph: GraphBuilder, x: string): string => graph.conv("first", x, 3, 3, 1);

const overTime = (graph: GraphBuilder, x: string): string => graph.conv("first", x, 3, [1, 3], 1);

const cases: readonly OpCase[] = [
  { name: "conv 3x3 on large maps", input: [2, 10, 9], layers: (g, x) => g.conv("c", first(g, x), 4, 3, 1) },
  { name: "conv 3x3 on small maps", input: [2, 5, 6], layers: (g, x) => g.conv("c", first(g, x), 4, 3, 1) },
  { name: "conv 3x3 on one pixel", input: [2, 1, 1], layers: (g, x) => g.conv("c", first(g, x), 4, 3, 1) },
  { name: "conv 3x3 stride 2, even", input: [1, 8, 10], layers: (g, x) => g.conv("c", first(g, x), 4, 3, 2) },
  { name: "conv 3x3 stride 2, odd", input: [1, 7, 9], layers: (g, x) => g.conv("c", first(g, x), 4, 3, 2) },
  {
    name: "conv 3x3 stride 2, mixed",
    input: [1, 7, 10],
    layers: (g, x) => g.conv("c", first(g, x), 4, 3, 2),
  },
  { name: "conv 1x1", input: [2, 9, 10], layers: (g, x) => g.conv("c", first(g, x), 4, 1, 1) },
  { name: "conv 1x1 on small maps", input: [2, 4, 4], layers: (g, x) => g.conv("c", first(g, x), 4, 1, 1) },
  { name: "conv 1x1 stride 2, even", input: [2, 6, 6], layers: (g, x) => g.conv("c", first(g, x), 4, 1, 2) },
  { name: "conv 1x1 stride 2, odd", input: [2, 7, 5], layers: (g, x) => g.conv("c", first(g, x), 4, 1, 2) },
  {
    name: "28x28 to 14x14 to 7x7 to 4x4",
    input: [1, 28, 28],
    batch: 2,
    layers: (g, x) => g.conv("c", g.conv("b", g.conv("a", x, 2, 3, 2), 2, 3, 2), 2, 3, 2),
  },
  {
    name: "conv 1x5 over long windows",
    input: [2, 1, 80],
    layers: (g, x) => g.conv("c", overTime(g, x), 4, [1, 5], 1),
  },
  {
    name: "conv 1x5 over short windows",
    input: [2, 1, 9],
    layers: (g, x) => g.conv("c", overTime(g, x), 4, [1, 5], 1),
  },
  {
    name: "conv 1x7 stride 1x2, even",
    input: [2, 1, 12],
    layers: (g, x) => g.conv("c", overTime(g, x), 4, [1, 7], [1, 2]),
  },
  {
    name: "conv 1x3 stride 1x2, odd, on several rows",
    input: [2, 3, 11],
    layers: (g, x) => g.conv("c", overTime(g, x), 4, [1, 3], [1, 2]),
  },
  {
    name: "conv 1x5 stride 1x4 with readings left over",
    input: [2, 1, 15],
    layers: (g, x) => g.conv("c", overTime(g, x), 4, [1, 5], [1, 4]),
  },
  {
    name: "conv 1x1 stride 1x2",
    input: [2, 1, 9],
    layers: (g, x) => g.conv("c", overTime(g, x), 4, 1, [1, 2]),
  },
  {
    name: "conv 5x3 stride 2x1",
    input: [2, 7, 6],
    layers: (g, x) => g.conv("c", first(g, x), 4, [5, 3], [2, 1]),
  },
  {
    name: "conv 5x3 on large maps",
    input: [2, 9, 10],
    layers: (g, x) => g.conv("c", first(g, x), 4, [5, 3], 1),
  },
  {
    name: "batch normalisation over time",
    input: [2, 1, 9],
    layers: (g, x) => g.relu("r", g.batchNorm("bn", overTime(g, x))),
  },
  {
    name: "concat of windows",
    input: [2, 1, 9],
    layers: (g, x) => g.conv("c", g.concat("joined", [x, overTime(g, x)]), 3, [1, 3], 1),
  },
  {
    name: "average pool 1x4 with readings left over",
    input: [2, 1, 11],
    layers: (g, x) => g.averagePool("p", overTime(g, x), { kernel: [1, 4], stride: [1, 4] }),
  },
  {
    name: "global average pool over time",
    input: [2, 1, 9],
    layers: (g, x) => g.averagePool("p", overTime(g, x), "global"),
  },
  { name: "batch normalisation", input: [2, 4, 5], layers: (g, x) => g.batchNorm("bn", first(g, x)) },
  { name: "relu", input: [2, 5, 5], layers: (g, x) => g.relu("r", g.batchNorm("bn", first(g, x))) },
  {
    name: "a value used three times",
    input: [1, 5, 5],
    layers: (g, x) => {
      const value = first(g, x);
      return g.add("twice", g.add("once", value, g.conv("c", value, 3, 3, 1)), value);
    },
  },
  {
    name: "concat of a map without parameters, and of one with",
    input: [2, 5, 5],
    layers: (g, x) => g.conv("c", g.concat("joined", [x, first(g, x), g.conv("b", x, 2, 3, 1)]), 3, 3, 1),
  },
  {
    name: "average pool 3x3 with rows left over",
    input: [1, 8, 11],
    layers: (g, x) => g.averagePool("p", first(g, x), { kernel: 3, stride: 3 }),
  },
  {
    name: "average pool of overlapping windows",
    input: [1, 7, 8],
    layers: (g, x) => g.averagePool("p", first(g, x), { kernel: 3, stride: 2 }),
  },
  {
    name: "global average pool",
    input: [1, 6, 5],
    layers: (g, x) => g.averagePool("p", first(g, x), "global"),
  },
  {
    name: "linear after linear",
    input: [1, 3, 3],
    layers: (g, x) => g.linear("l", g.flatten("f", x), 6),
  },
  { name: "label smoothing", input: [1, 4, 4], labelSmoothing: 0.1, layers: first },
  { name: "a batch of one", input: [2, 9, 9], batch: 1, layers: (g, x) => g.conv("c", first(g, x), 4, 3, 1) },
];

describe("gradients agree with central differences of a float64 reference", () => {
  for (const { name, input, batch = 3, labelSmoothing = 0, layers } of cases) {
    test(name, async () => {
      const graph = new GraphBuilder();
      const value = layers(graph, graph.input("x", input));
      const features = graph.shape(value).length === 1 ? value : graph.flatten("features", value);
      const built = graph.build({ y: graph.linear("last", features, 4) });
      await assertGradient({
        part: { name: "cloud", graph: built, logits: "y" },
        batch,
        labelSmoothing,
        seed: 1,
        samples: 1000, // all of them
      });
    });
  }
});
