import type { Verdict } from "@meanet/protocol";
import type { Outcome } from "./pipeline.ts";

export interface DeliverOptions {
  /** Must not throw. A verdict that does not reach the broker stays in the journal, for replay. */
  readonly publish: (verdict: Verdict) => void;
  readonly onUnrecorded: (error: unknown) => void;
}

/**
 * The last step of a frame: publish what is in the journal, then acknowledge, then let its model go. Never acknowledged: a frame
 * whose final verdict is not in the journal.
 */
export function deliver(outcome: Outcome, { publish, onUnrecorded }: DeliverOptions): void {
  switch (outcome.stage) {
    case "recorded":
      publish(outcome.verdict);
      if (!outcome.verdict.final) return;
      outcome.frame.acknowledge();
      outcome.model?.release();
      return;
    case "known":
      publish(outcome.verdict);
      outcome.frame.acknowledge();
      return;
    case "twin":
    case "dropped":
      outcome.frame.acknowledge();
      return;
    case "unrecorded":
      onUnrecorded(outcome.error);
      // Not final: it is still being tried.
      if (outcome.final) outcome.model?.release();
  }
}
