import type { BundlePart } from "../bundle/bundle.ts";
import type { TriedVariant } from "./choose-variant.ts";

/** What a quantisation is at. */
export type QuantizeProgress =
  | ({ readonly kind: "tried"; readonly part: BundlePart; readonly float32: number } & TriedVariant)
  | { readonly kind: "evaluating" }
  | { readonly kind: "timing"; readonly part: BundlePart };
