import { type Graph, GraphBuilder } from "../graph/graph.ts";
import type { Part } from "../graph/part.ts";
import { convBnRelu, exit, stage } from "./blocks.ts";
import type { BackboneSpec, ClassifierSpec } from "./specs.ts";

/** A plain classifier, the cloud's network: `x` → `y`. */
export function classifierPart(spec: ClassifierSpec): Part {
  return { name: "cloud", graph: classifierGraph(spec), logits: "y" };
}

function classifierGraph({ input, classes, backbone }: ClassifierSpec): Graph {
  const graph = new GraphBuilder();
  const features = stages(graph, "cloud", graph.input("x", input), backbone, backbone.widths.length);
  return graph.build({ y: exit(graph, "cloud.exit", features, "global", classes) });
}

/** The stem and the first `count` stages of a backbone. */
export function stages(
  graph: GraphBuilder,
  name: string,
  x: string,
  backbone: BackboneSpec,
  count: number,
): string {
  let value = stem(graph, `${name}.stem`, x, backbone);
  for (let index = 0; index < count; index++) {
    const [width, blocks] = [backbone.widths[index]!, backbone.blocks[index]!];
    value = stage(graph, `${name}.stage${index + 1}`, value, width, blocks, index === 0 ? 1 : 2);
  }
  return value;
}

export function stem(graph: GraphBuilder, name: string, x: string, backbone: BackboneSpec): string {
  return convBnRelu(graph, name, x, backbone.stem ?? backbone.widths[0]!, backbone.stemStride);
}
