import type { Bundle } from "../bundle/bundle.ts";
import type { LabelledTensors } from "../bundle/reference.ts";

/** Labelled inputs of a site, of hard classes only. */
export interface StoredItems extends LabelledTensors {
  /** How often an item is learned from, and how much its answer counts, relative to others of its class; > 0. */
  readonly weights: readonly number[];
  /** Items that no step sees: the candidate is judged by them. */
  readonly heldOut: readonly boolean[];
}

/** How an extension is trained further. */
export interface AdaptationRecipe {
  readonly epochs: number;
  /** Peak of one cycle, SGD with momentum 0.9. */
  readonly learningRate: number;
  /** Frames of one step, ≥ 2. */
  readonly batch: number;
  /** Share of a batch that is reference frames, in [0, 1); without reference frames none is. */
  readonly replay: number;
  /**
   * Moments of batch normalisation that the candidate has: `recomputed` over items and replayed frames, or `kept` as they were.
   */
  readonly statistics: "recomputed" | "kept";
  readonly seed: number;
}

export interface AdaptationTask {
  /** The bundle in force. */
  readonly bundle: Bundle;
  /** The dictionary of the candidate: position is the extension's index. */
  readonly hardClasses: readonly number[];
  readonly items: StoredItems;
  readonly recipe: AdaptationRecipe;
  /** Computing time after which no further step begins; pauses do not count. What was learned by then is judged. */
  readonly maxComputeMs: number;
  /** Of items, activations and weights, by arithmetic; a task that needs more is refused. */
  readonly maxBytes: number;
}

/** Accuracy of the edge's own answers on the same items, by the bundle's rule of decision. */
export interface Comparison {
  readonly items: number;
  readonly current: number;
  readonly candidate: number;
  /** Items that only the candidate answers rightly, and items that only the current one does. */
  readonly won: number;
  readonly lost: number;
}

export interface AdaptationResult {
  /** The candidate's `extension.onnx`. */
  readonly extension: Uint8Array;
  readonly epochs: number;
  /** On held-out items, by weight. */
  readonly heldOut: Comparison;
  /** On the reference frames that are not replayed; null when the bundle has none. */
  readonly reference: Comparison | null;
}

/** What a training tells while it runs. */
export type AdaptationStep =
  /** Work of so many multiply-accumulates begins, and ends the previous work. */
  | { readonly kind: "work"; readonly macs: number }
  /** It was told to pause, and does. */
  | { readonly kind: "waiting" }
  | {
      readonly kind: "epoch";
      readonly epoch: number;
      readonly epochs: number;
      /** Mean over the epoch, nats. */
      readonly loss: number;
      /** Of the edge's own answers on held-out items; null when there are none. */
      readonly accuracy: number | null;
      readonly imagesPerS: number;
      /** Time it gave way to frames since the previous epoch, or since the start. */
      readonly pausedMs: number;
    };
