import type { Training } from "@meanet/protocol";
import type { Row, Value } from "./store.ts";

/**
 * A step of a training as columns of the table `training`: figures that one may want to plot as numbers, and the whole step as JSON.
 * Columns that an event has no figure for are left out, except `epoch`, part of the key: 0.
 */
export function trainingRow(training: Training): Row {
  const { at, event, run, model, energyJ } = training;
  return {
    at,
    event,
    run,
    model,
    energy_j: energyJ,
    epoch: 0,
    ...figures(training),
    detail: JSON.stringify(training),
  };
}

function figures(training: Training): Record<string, Value> {
  switch (training.event) {
    case "collected":
      return { items: training.items.label + training.items.cloud, held_out: training.heldOut ?? null };
    case "started":
      return { items: training.items, held_out: training.heldOut, epochs: training.epochs };
    case "epoch": {
      const { epoch, epochs, loss, accuracy, imagesPerS, pausedMs, latencyP99Ms = null } = training;
      const speed = { images_per_s: imagesPerS, paused_ms: pausedMs, latency_p99_ms: latencyP99Ms };
      return { epoch, epochs, loss, accuracy, ...speed };
    }
    case "accepted":
    case "refused": {
      const { heldOut, reference } = training.figures;
      return {
        items: heldOut.items,
        held_out_current: heldOut.current,
        held_out_candidate: heldOut.candidate,
        held_out_won: heldOut.won,
        held_out_lost: heldOut.lost,
        reference_current: reference?.current ?? null,
        reference_candidate: reference?.candidate ?? null,
        reference_won: reference?.won ?? null,
        reference_lost: reference?.lost ?? null,
        latency_p99_ms: training.latencyP99Ms ?? null,
        reason: training.event === "refused" ? training.reason : null,
      };
    }
    case "passed":
    case "rolled-back": {
      const { items, before, after } = training.disagreement;
      const reason = training.event === "rolled-back" ? training.reason : null;
      return { items, disagreement_before: before, disagreement_after: after, reason };
    }
    case "failed":
      return { reason: training.reason };
    case "swapped":
    case "proposed":
    case "agreed":
    case "dismissed":
      return {};
  }
}
