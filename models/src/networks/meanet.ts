/**
 * The edge's network: main with the first exit; adaptive and extension with the second.
 *
 *     x ─┬─ main ──────── F1 ─┬─ exit ─ y1            all classes
 *        └─ adaptive ── map ──┴─ combine ─ extension ─ y2   hard classes; with `notHard` one more
 *
 * The adaptive block reads the raw frame and gives a map of F1's shape: one basic block for each stage that F1 passed.
 *
 * @see Long et al. 2021, and the authors' released code for ResNet-32 on CIFAR-100
 */
import { MeanetError } from "@meanet/runtime";
import { type Graph, GraphBuilder, type Shape } from "../graph/graph.ts";
import type { Part } from "../graph/part.ts";
import { basicBlock, exit, stage } from "./blocks.ts";
import { stages, stem } from "./classifier.ts";
import { axesOf, type MeanetSpec, mapShape } from "./specs.ts";

/** Main: `x` → `y1`, `F1`. Extension, the adaptive block included: `x`, `F1` → `y2`. */
export interface MeanetParts {
  readonly main: Part;
  readonly extension: Part;
}

/** @throws {MeanetError} NETWORK_INVALID when a layer does not fit, such as a pool larger than its map */
export function meanetParts(spec: MeanetSpec): MeanetParts {
  const mainGraph = buildMain(spec);
  const main: Part = { name: "main", graph: mainGraph, logits: "y1" };
  const featureShape = mainGraph.shapes.get(mainGraph.outputs.F1!)!;
  const extension: Part = {
    name: "extension",
    graph: buildExtension(spec, featureShape),
    logits: "y2",
    frozen: main,
  };
  return { main, extension };
}

/**
 * Adaptive and extension block behind a main that is no graph of this project: `x`, `F1` → `y2`. An adaptive map larger than F1 is
 * averaged down to its size.
 *
 * @param spec - variant B; its backbone describes the adaptive block
 * @param featureShape - of F1, [c, h, w]
 * @throws {MeanetError} NETWORK_INVALID when the adaptive map is smaller than F1
 */
export function extensionBehind(spec: MeanetSpec, featureShape: Shape): Part {
  return { name: "extension", graph: buildExtension(spec, featureShape), logits: "y2" };
}

/** Outputs of y2: the hard classes, and "not hard" behind them where the spec has it. */
export function extensionOutputs({ hardClasses, notHard }: MeanetSpec): number {
  return hardClasses + (notHard ? 1 : 0);
}

function stagesOfMain({ variant, mainStages, backbone: { widths } }: MeanetSpec): number {
  return variant === "B" ? widths.length : (mainStages ?? widths.length - 1);
}

/**
 * Main, adaptive and extension block as one part, all of it trained by the loss of y2: what block-wise training is compared
 * with. Main's own exit gets no gradient then.
 *
 * @throws {MeanetError} NETWORK_INVALID
 * @see the authors' released code, which sends back only the loss of the last exit
 */
export function jointPart(spec: MeanetSpec): Part {
  const graph = new GraphBuilder();
  const x = graph.input("x", mapShape(spec.input));
  const { y1, F1 } = addMain(graph, spec, x);
  return { name: "joint", graph: graph.build({ y1, y2: addExtension(graph, spec, x, F1) }), logits: "y2" };
}

function buildMain(spec: MeanetSpec): Graph {
  const graph = new GraphBuilder();
  return graph.build({ ...addMain(graph, spec, graph.input("x", mapShape(spec.input))) });
}

function addMain(graph: GraphBuilder, spec: MeanetSpec, x: string): { y1: string; F1: string } {
  const axes = axesOf(spec.input, spec.backbone);
  const features = stages(graph, "main", x, spec.backbone, stagesOfMain(spec), axes);
  const window = spec.exitPool ?? (spec.variant === "A" ? 3 : "global");
  return { y1: exit(graph, "main.exit", features, window, spec.classes, axes), F1: features };
}

function buildExtension(spec: MeanetSpec, featureShape: Shape): Graph {
  const graph = new GraphBuilder();
  const x = graph.input("x", mapShape(spec.input));
  return graph.build({ y2: addExtension(graph, spec, x, graph.input("F1", featureShape)) });
}

/** @param features - the value that is F1 */
function addExtension(graph: GraphBuilder, spec: MeanetSpec, x: string, features: string): string {
  const { backbone } = spec;
  const axes = axesOf(spec.input, backbone);
  const passed = stagesOfMain(spec);

  let adapted = stem(graph, "adaptive.stem", x, backbone, axes);
  for (const [index, width] of backbone.widths.slice(0, passed).entries()) {
    adapted = basicBlock(graph, `adaptive.stage${index + 1}`, adapted, width, index === 0 ? 1 : 2, axes);
  }
  adapted = ofSize(graph, "adaptive.pool", adapted, graph.shape(features));
  let value =
    spec.combine === "concat"
      ? graph.concat("extension.concat", [features, adapted])
      : graph.add("extension.sum", features, adapted);

  if (spec.variant === "B") {
    value = stage(graph, "extension.stage", value, backbone.widths.at(-1)!, spec.extensionBlocks, 1, axes);
  } else {
    for (let index = passed; index < backbone.widths.length; index++) {
      const [width, blocks] = [backbone.widths[index]!, backbone.blocks[index]!];
      value = stage(graph, `extension.stage${index + 1}`, value, width, blocks, 2, axes);
    }
  }
  return exit(graph, "extension.exit", value, "global", extensionOutputs(spec), axes);
}

/** A map averaged down to the height and width of another; itself where they are equal. */
function ofSize(graph: GraphBuilder, name: string, map: string, like: Shape): string {
  const sizes = graph.shape(map).slice(1);
  const wanted = like.slice(1);
  if (sizes.join() === wanted.join()) return map;
  const strides = sizes.map((size, axis) => Math.max(1, Math.floor(size / wanted[axis]!)));
  // The last window ends where the map does: nothing is left over.
  const sides = sizes.map((size, axis) => size - (wanted[axis]! - 1) * strides[axis]!);
  if (sides.some((side) => side < 1)) {
    throw new MeanetError(
      "NETWORK_INVALID",
      `layer "${name}" has a map of ${sizes.join("x")} to bring to F1's ${wanted.join("x")}; expected a larger one: halve less often`,
      { layer: name },
    );
  }
  return graph.averagePool(name, map, {
    kernel: [sides[0]!, sides[1]!],
    stride: [strides[0]!, strides[1]!],
  });
}
