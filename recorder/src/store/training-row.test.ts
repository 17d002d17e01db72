import assert from "node:assert/strict";
import { test } from "node:test";
import type { Training } from "@meanet/protocol";
import { trainingRow } from "./training-row.ts";

const told = { at: 1, model: "toy@1.0.0+edge.1", energyJ: 2, run: 1 };
const comparison = (won: number) => ({ items: 57, current: 0.8, candidate: 0.9, won, lost: 1 });

/** Its figures: what is not null and not of every step. */
function figuresOf(training: Training): object {
  const {
    at: _at,
    event: _event,
    run: _run,
    model: _model,
    energy_j: _j,
    detail: _detail,
    ...rest
  } = trainingRow(training);
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
}

test("no figure of a step that is a number is lost", () => {
  const steps: readonly (readonly [Training, object])[] = [
    [
      { ...told, event: "started", trigger: "items", items: 200, heldOut: 57, epochs: 6, hardClasses: [] },
      { items: 200, held_out: 57, epochs: 6, epoch: 0 },
    ],
    [
      {
        ...{ ...told, event: "epoch", epoch: 2, epochs: 6, loss: 0.5, accuracy: 0.8 },
        ...{ imagesPerS: 99, pausedMs: 3, latencyP99Ms: 12.5 },
      },
      {
        ...{ epoch: 2, epochs: 6, loss: 0.5, accuracy: 0.8 },
        ...{ images_per_s: 99, paused_ms: 3, latency_p99_ms: 12.5 },
      },
    ],
    [
      {
        ...{ ...told, event: "refused", reason: "luck", latencyP99Ms: 13 },
        figures: { heldOut: comparison(3), reference: comparison(4) },
      },
      {
        ...{ epoch: 0, items: 57, reason: "luck", latency_p99_ms: 13 },
        ...{ held_out_current: 0.8, held_out_candidate: 0.9, held_out_won: 3, held_out_lost: 1 },
        ...{ reference_current: 0.8, reference_candidate: 0.9, reference_won: 4, reference_lost: 1 },
      },
    ],
    [
      {
        ...{ ...told, event: "rolled-back", before: "toy@1.0.0", reason: "worse" },
        disagreement: { items: 30, before: 0.1, after: 0.2 },
      },
      { epoch: 0, items: 30, reason: "worse", disagreement_before: 0.1, disagreement_after: 0.2 },
    ],
    [
      { ...told, event: "passed", by: "age", disagreement: { items: 9, before: 0.5, after: 0.25 } },
      { epoch: 0, items: 9, disagreement_before: 0.5, disagreement_after: 0.25 },
    ],
  ];
  for (const [training, figures] of steps) assert.deepEqual(figuresOf(training), figures, training.event);
});
