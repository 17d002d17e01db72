/** What an engine and its thread say to each other. Errors cross as data: classes do not survive the crossing. */
import type { ErrorCode } from "@meanet/runtime";
import type { Provider, ProviderRefusal, SessionOptions, ValueInfo } from "./session.ts";
import type { TensorViews } from "./tensor-view.ts";

/** `workerData` of the thread. */
export interface ThreadData {
  readonly model: Uint8Array | string;
  readonly options: SessionOptions;
  readonly anyBatch: boolean;
}

export type ToThread =
  | { readonly kind: "run"; readonly id: number; readonly feeds: TensorViews }
  | { readonly kind: "close" };

export interface ThreadError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface OpenedMessage {
  readonly kind: "opened";
  readonly provider: Provider;
  readonly refusals: readonly ProviderRefusal[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export type FromThread =
  | OpenedMessage
  | { readonly kind: "refused"; readonly error: ThreadError }
  | { readonly kind: "done"; readonly id: number; readonly outputs: TensorViews; readonly computeMs: number }
  | { readonly kind: "failed"; readonly id: number; readonly error: ThreadError };
