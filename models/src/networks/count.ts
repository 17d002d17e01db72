import type { Graph } from "../graph/graph.ts";
import type { Part } from "../graph/part.ts";
import { classifierPart } from "./classifier.ts";
import { meanetParts } from "./meanet.ts";
import type { ClassifierSpec, MeanetSpec } from "./specs.ts";

export interface BlockCount {
  /** Trained numbers, 2 per channel of batch normalisation included; running statistics are not. */
  readonly parameters: number;
  /** Multiply-accumulates of convolutions and linear layers for one frame. */
  readonly macs: number;
}

/** Size of every block of a network, by the names that manifests use. */
export function count(spec: MeanetSpec): Record<"main" | "adaptive" | "extension", BlockCount>;
export function count(spec: ClassifierSpec): Record<"cloud", BlockCount>;
export function count(spec: MeanetSpec | ClassifierSpec): Record<string, BlockCount> {
  if (!("variant" in spec)) return { cloud: countBlock(classifierPart(spec).graph, "cloud") };
  const { main, extension } = meanetParts(spec);
  return { main: countBlock(main.graph, "main"), ...countExtension(extension) };
}

/** Size of adaptive and extension block, whatever main they stand behind. */
export function countExtension({ graph }: Part): Record<"adaptive" | "extension", BlockCount> {
  return { adaptive: countBlock(graph, "adaptive"), extension: countBlock(graph, "extension") };
}

/** Counts the layers whose name starts with the block's. */
function countBlock(graph: Graph, block: string): BlockCount {
  const ofBlock = ({ name }: { name: string }): boolean => name.startsWith(`${block}.`);
  const sizes = new Map(graph.parameters.map(({ name, size }) => [name, size]));
  const parameters = graph.parameters.filter(ofBlock).reduce((sum, { size }) => sum + size, 0);
  let macs = 0;
  for (const { op, inputs, output } of graph.calls.filter(ofBlock)) {
    if (op !== "conv" && op !== "linear") continue;
    // A convolution uses its weights once for each pixel of its output, a linear layer once.
    const [, ...pixels] = graph.shapes.get(output)!;
    macs += pixels.reduce((product, side) => product * side, sizes.get(inputs[1]!)!);
  }
  return { parameters, macs };
}
