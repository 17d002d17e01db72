import type { ErrorCode } from "@meanet/runtime";
import type { AdaptationResult, AdaptationStep, AdaptationTask } from "./task.ts";

/** Values of the gate. */
export const [GO, WAIT, STOP] = [0, 1, 2] as const;

export interface AdaptationThreadData {
  readonly task: AdaptationTask;
  /** One entry, shared. */
  readonly gate: Int32Array<SharedArrayBuffer>;
}

export type AdaptationMessage =
  | { readonly kind: "step"; readonly step: AdaptationStep }
  | { readonly kind: "done"; readonly result: AdaptationResult }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };
