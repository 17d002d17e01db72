import type { Training } from "@meanet/protocol";
import type { Value } from "./store.ts";

/**
 * A step of a training as columns of the table `training`: figures that one may want to plot as numbers, and the whole step as JSON.
 * Columns that an event has no figure for are left out, except `epoch`, part of the key: 0.
 */
export function trainingRow(training: Training): Readonly<Record<string, Value>> {
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
      return { items: training.items.label + training.items.cloud };
    case "started":
      return { items: training.items, epochs: training.epochs };
    case "epoch": {
      const { epoch, epochs, loss, accuracy, imagesPerS, pausedMs } = training;
      return { epoch, epochs, loss, accuracy, images_per_s: imagesPerS, paused_ms: pausedMs };
    }
    case "accepted":
    case "refused": {
      const { heldOut, reference } = training.figures;
      return {
        items: heldOut.items,
        held_out_current: heldOut.current,
        held_out_candidate: heldOut.candidate,
        reference_current: reference?.current ?? null,
        reference_candidate: reference?.candidate ?? null,
        reason: training.event === "refused" ? training.reason : null,
      };
    }
    case "passed":
      return { items: training.disagreement.items };
    case "rolled-back":
      return { items: training.disagreement.items, reason: training.reason };
    case "failed":
      return { reason: training.reason };
    case "swapped":
    case "proposed":
    case "agreed":
      return {};
  }
}
