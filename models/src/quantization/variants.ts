/** The ways in which one model can be made int8. */

/**
 * How the range of a tensor is chosen from the values it took:
 * - `min-max`: all that was seen;
 * - `percentile-99.99`, `percentile-99.9`: without the outermost 0.01 % or 0.1 % on either side;
 * - `entropy`: the narrowing whose bytes keep the distribution best (least Kullback-Leibler divergence).
 */
export const rangeMethods = ["min-max", "percentile-99.99", "percentile-99.9", "entropy"] as const;
export type RangeMethod = (typeof rangeMethods)[number];

/** Ends of a model that may stay float32: `first` reads a frame, `last` gives logits. Both are few MACs and much accuracy. */
export const keptEnds = ["none", "last", "first", "both"] as const;
export type KeptEnds = (typeof keptEnds)[number];

export interface Variant {
  readonly method: RangeMethod;
  readonly kept: KeptEnds;
}
