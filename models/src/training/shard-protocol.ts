import type { ModelInput } from "../bundle/manifest.ts";
import type { LabelledFrames } from "../data/dataset.ts";
import type { Augmentation } from "./augmentation.ts";

/** What all training threads are given alike. */
export interface ShardTask {
  /** The training step, and the statistics of a batch without a step, as ONNX bytes. */
  readonly step: Uint8Array;
  readonly observation: Uint8Array;
  /** Model `x` → `F1` of a frozen main that is no constant of the step: its features are an input of step and observation. */
  readonly frozen?: Uint8Array | undefined;
  /** Frames of one step of one shard. */
  readonly batch: number;
  readonly labelled: LabelledFrames;
  /** Target index of each class, -1 where a class is no target. */
  readonly targetOf: readonly number[];
  readonly targets: number;
  readonly input: ModelInput;
  readonly augmentation: Augmentation;
  readonly seed: number;
}

/** What a training thread is given when it starts. Everything large is shared memory: nothing is copied. */
export interface ShardWorkerData extends ShardTask {
  readonly shards: readonly SharedShard[];
  readonly theta: Float32Array<SharedArrayBuffer>;
  readonly momentum: Float32Array<SharedArrayBuffer>;
}

/** Where one shard of the batch leaves its results. */
export interface SharedShard {
  readonly shard: number;
  readonly theta: Float32Array<SharedArrayBuffer>;
  readonly momentum: Float32Array<SharedArrayBuffer>;
  readonly statistics: Float32Array<SharedArrayBuffer>;
}

export type ShardRequest = ShardStep | { readonly kind: "close" };

/** One step of the thread's shards; `indices` holds one batch per shard of the thread, in the order of its shards. */
export interface ShardStep {
  readonly kind: "train" | "observe";
  readonly epoch: number;
  readonly step: number;
  readonly learningRate: number;
  readonly indices: Uint32Array;
}

/** What a thread answers, one entry per shard of its own. */
export type ShardReply =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly results: readonly ShardResult[] }
  | { readonly kind: "failed"; readonly message: string };

export interface ShardResult {
  readonly shard: number;
  readonly loss: number;
  readonly correct: number;
}
