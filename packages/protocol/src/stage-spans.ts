import type { Stages } from "./verdict.ts";

/** The stages of a frame in the order it goes through them. */
export const stageNames = [
  "admit",
  "decode",
  "mainQueue",
  "main",
  "cloud",
  "extensionQueue",
  "extension",
] as const;
export type StageName = (typeof stageNames)[number];

/** A stretch of a frame's time at its edge node. */
export interface StageSpan {
  /** `rest`: what the stages leave of the latency. */
  readonly stage: StageName | "rest";
  /** From the frame's arrival. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** Where each stage lies between the frame's arrival and its verdict; `rest`, the last, closes what they leave of `latencyMs`. */
export function stageSpans(stages: Stages, latencyMs: number): StageSpan[] {
  const spans: StageSpan[] = [];
  let startMs = 0;
  for (const stage of stageNames) {
    const durationMs = stages[`${stage}Ms`];
    if (durationMs === undefined) continue;
    spans.push({ stage, startMs, durationMs });
    startMs += durationMs;
  }
  if (latencyMs > startMs) spans.push({ stage: "rest", startMs, durationMs: latencyMs - startMs });
  return spans;
}
