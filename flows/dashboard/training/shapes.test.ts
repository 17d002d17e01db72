import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Training } from "@meanet/protocol";
import { epochPoints, eventRows, keepTraining, storeRows, trialRows } from "./shapes.ts";

const common = { at: 1_752_473_600_000, model: "toy@1.0.0", energyJ: 0.5, run: 2 };
const comparison = { items: 40, current: 0.8, candidate: 0.85, won: 4, lost: 2 };
const epoch = (run: number, number: number): Training => ({
  ...{ ...common, run, event: "epoch", epoch: number, epochs: 2, loss: 1 / number },
  ...{ accuracy: null, imagesPerS: 99.6, pausedMs: 0 },
});

function told(...events: Training[]) {
  const stored: Record<string, unknown> = {};
  const flow = {
    get: (key: string) => stored[key],
    set: (key: string, value: unknown) => {
      stored[key] = value;
    },
  };
  for (const payload of events) keepTraining({ node: "edge-1", payload }, flow);
  return flow;
}

describe("what is shown of training", () => {
  it("keeps the last contents of each store apart from the events", () => {
    const collected = (label: number): Training => ({
      ...common,
      event: "collected",
      items: { label, cloud: 9 },
      fresh: 1,
    });
    const flow = told(collected(1), collected(2));
    assert.deepEqual(storeRows({}, flow).payload, [{ node: "edge-1", label: 2, cloud: 9, fresh: 1 }]);
    assert.deepEqual(eventRows({}, flow).payload, []);
  });

  it("sets each candidate beside what was in force, on every set of items that it was judged by", () => {
    const flow = told(
      { ...common, event: "accepted", figures: { heldOut: comparison, reference: comparison } },
      { ...common, event: "refused", reason: "no gain", figures: { heldOut: comparison, reference: null } },
    );
    const rows = trialRows({}, flow).payload as Record<string, string>[];
    assert.deepEqual(
      rows.map(({ items, before, after, moved, verdict }) => [items, before, after, moved, verdict]),
      [
        ["40 held-out items", "80.0 %", "85.0 %", "+4 −2", "✖ refused: no gain"],
        ["40 held-out items", "80.0 %", "85.0 %", "+4 −2", "✔ accepted"],
        ["40 reference frames", "80.0 %", "85.0 %", "+4 −2", "✔ accepted"],
      ],
    );
  });

  it("draws the last training alone, in the order of its epochs", () => {
    const flow = told(epoch(1, 1), epoch(2, 1), epoch(2, 2));
    assert.deepEqual(epochPoints({}, flow).payload, [
      { epoch: "1", series: "edge-1 loss, nats", value: 1 },
      { epoch: "2", series: "edge-1 loss, nats", value: 0.5 },
    ]);
  });

  it("tells the newest events first, with what came of them", () => {
    const flow = told(epoch(2, 1), { ...common, event: "failed", reason: "too few items" });
    const rows = eventRows({}, flow).payload as Record<string, string>[];
    assert.deepEqual(
      rows.map(({ time, run, event, detail, energy }) => [time, run, event, detail, energy]),
      [
        ["2025-07-14 06:13:20", "2", "failed", "too few items", "500 mJ"],
        ["2025-07-14 06:13:20", "2", "epoch", "1 of 2: loss 1.000, 100 images/s", "500 mJ"],
      ],
    );
  });
});
