/** What a complex item is on its way through the worker. Each stage holds what is known by then. */
import type { CloudAnswer, ComplexItem } from "@meanet/protocol";
import { isMeanetError, reasonOf } from "@meanet/runtime";

/** One publication of a complex item. */
export interface Asked {
  readonly stage: "asked";
  readonly item: ComplexItem;
  /** On the clock of the pipeline. */
  readonly arrivedMs: number;
}

export interface Decoded {
  readonly stage: "decoded";
  readonly asked: Asked;
  /** Normalised, shape [C, H, W]. */
  readonly tensor: Float32Array;
}

/** The top classes, most probable first. */
export type TopClasses = Extract<CloudAnswer, { outcome: "answered" }>["classes"];

/** What the model makes of one item. */
export interface Inference {
  readonly classes: TopClasses;
  /** Share of the batch's engine time. */
  readonly computeMs: number;
  /** Share of the batch's joules. */
  readonly energyJ: number;
}

interface Answered extends Inference {
  readonly stage: "answered";
  readonly asked: Asked;
  /** From arrival to the start of its batch: waiting and decoding. */
  readonly queueMs: number;
}

export interface Failed {
  readonly stage: "failed";
  readonly asked: Asked;
  /** Of the error table: `OVERLOAD`, `DEADLINE`, `MODEL_MISMATCH`, `IMAGE_UNDECODABLE`, … */
  readonly code: string;
  readonly detail: string;
}

export type Settled = Answered | Failed;

/** Longest detail of an answer, by its schema. */
const MAX_DETAIL = 512;

export function fail(asked: Asked, code: string, detail: string): Failed {
  return { stage: "failed", asked, code, detail: detail.slice(0, MAX_DETAIL) };
}

export function failWith(asked: Asked, error: unknown): Failed {
  const detail = reasonOf(error);
  return fail(asked, isMeanetError(error) ? error.code : "INFERENCE_FAILED", detail);
}

/** Whether the edge has given its own answer by now, as far as the worker can tell. */
export function isOver({ arrivedMs, item }: Asked, nowMs: number): boolean {
  return nowMs >= arrivedMs + item.remainingMs;
}

export function failLate(asked: Asked): Failed {
  return fail(asked, "DEADLINE", `its ${Math.round(asked.item.remainingMs)} ms were over while it waited`);
}
