import { type Graph, GraphBuilder } from "../graph/graph.ts";
import type { Part } from "../graph/part.ts";
import { type Axes, convBnRelu, exit, stage } from "./blocks.ts";
import { axesOf, type BackboneSpec, type ClassifierSpec, mapShape } from "./specs.ts";

/** A plain classifier, the cloud's network: `x` → `y`. */
export function classifierPart(spec: ClassifierSpec): Part {
  return { name: "cloud", graph: classifierGraph(spec), logits: "y" };
}

function classifierGraph({ input, classes, backbone }: ClassifierSpec): Graph {
  const graph = new GraphBuilder();
  const axes = axesOf(input, backbone);
  const x = graph.input("x", mapShape(input));
  const features = stages(graph, "cloud", x, backbone, backbone.widths.length, axes);
  return graph.build({ y: exit(graph, "cloud.exit", features, "global", classes, axes) });
}

/** The stem and the first `count` stages of a backbone. */
export function stages(
  graph: GraphBuilder,
  name: string,
  x: string,
  backbone: BackboneSpec,
  count: number,
  axes: Axes,
): string {
  let value = stem(graph, `${name}.stem`, x, backbone, axes);
  for (let index = 0; index < count; index++) {
    const [width, blocks] = [backbone.widths[index]!, backbone.blocks[index]!];
    value = stage(graph, `${name}.stage${index + 1}`, value, width, blocks, index === 0 ? 1 : 2, axes);
  }
  return value;
}

export function stem(
  graph: GraphBuilder,
  name: string,
  x: string,
  backbone: BackboneSpec,
  axes: Axes,
): string {
  return convBnRelu(graph, name, x, backbone.stem ?? backbone.widths[0]!, backbone.stemStride, axes);
}
