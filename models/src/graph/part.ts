import type { Graph } from "./graph.ts";

/**
 * What is trained at once: one graph whose parameters are one flat vector theta.
 *
 * Main and a classifier read `x`. An extension reads `x` and what a frozen main makes of it.
 */
export interface Part {
  readonly name: "main" | "extension" | "cloud" | "joint";
  readonly graph: Graph;
  /** Name of the output that holds the logits. */
  readonly logits: string;
  /** The part whose outputs this one takes as inputs, of the same names, and never changes. */
  readonly frozen?: Part;
}

/** Trained values of a part. */
export interface TrainedValues {
  /** Shape [P], in the order of `graph.parameters`. */
  readonly theta: Float32Array;
  /** Shape [S], in the order of `graph.statistics`: means, then variances, of each. */
  readonly statistics: Float32Array;
}
