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
