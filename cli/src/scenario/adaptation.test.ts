import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Training } from "@meanet/protocol";
import { Adaptation } from "./adaptation.ts";

const common = { at: 1, model: "m@1.0.0", run: 1, energyJ: 0 };
const figures = { heldOut: { items: 10, current: 0.6, candidate: 0.8, won: 12, lost: 4 }, reference: null };
const collected: Training = {
  ...common,
  run: 0,
  event: "collected",
  items: { label: 5, cloud: 2 },
  fresh: 7,
};
const started: Training = {
  ...common,
  ...{ event: "started", trigger: "items", items: 90, heldOut: 10, epochs: 1, hardClasses: ["a", "b"] },
};
const epoch: Training = {
  ...common,
  ...{
    event: "epoch",
    energyJ: 2,
    epoch: 1,
    epochs: 1,
    loss: 0.4,
    accuracy: null,
    imagesPerS: 9,
    pausedMs: 0,
  },
};
const accepted: Training = { ...common, event: "accepted", energyJ: 0.5, figures };
const swapped: Training = { ...common, event: "swapped", before: "m@1.0.0" };

function follow(events: readonly Training[]): Adaptation {
  const adaptation = new Adaptation();
  for (const [atS, event] of events.entries()) adaptation.observe(event, atS);
  return adaptation;
}

describe("adaptation", () => {
  it("has come to its end when the new bundle is in force, not before", () => {
    const steps = [collected, started, epoch, accepted];
    assert.equal(follow(steps).settled, false);
    const { settled, outcome, seconds, energyJ, collected: items } = follow([...steps, swapped, collected]);
    assert.deepEqual(items, { label: 5, cloud: 2 });
    assert.deepEqual(
      { settled, outcome, seconds, energyJ },
      {
        ...{ settled: true, outcome: "accepted", seconds: 3, energyJ: 2.5 },
      },
    );
  });

  it("keeps the reason of a refusal and of a failure", () => {
    const refused = follow([started, { ...common, event: "refused", reason: "no better", figures }]);
    assert.deepEqual([refused.settled, refused.outcome, refused.reason], [true, "refused", "no better"]);
    const failed = follow([started, { ...common, event: "failed", reason: "no memory" }]);
    assert.deepEqual([failed.settled, failed.outcome, failed.reason], [true, "failed", "no memory"]);
  });

  it("that was accepted may still be rolled back", () => {
    const worse: Training = {
      ...common,
      ...{ event: "rolled-back", before: "m@1.0.1", reason: "worse in service" },
      disagreement: { items: 100, before: 0.3, after: 0.4 },
    };
    const { settled, outcome, reason } = follow([started, accepted, swapped, worse]);
    assert.deepEqual([settled, outcome, reason], [true, "rolled-back", "worse in service"]);
  });

  it("shows every event but those of collecting, in words", () => {
    const { events } = follow([collected, started, epoch, accepted, swapped]);
    assert.deepEqual(
      events.map(({ event }) => event),
      ["started", "epoch", "accepted", "swapped"],
    );
    assert.match(events[2]!.text, /held out 60\.0 % → 80\.0 %/);
  });

  it("counts the first training only", () => {
    const second: Training[] = [started, epoch].map((event) => ({ ...event, run: 2 }));
    const { outcome, seconds, energyJ, events } = follow([started, epoch, accepted, swapped, ...second]);
    assert.deepEqual([outcome, seconds, energyJ, events.length], ["accepted", 3, 2.5, 6]);
  });

  it("of which nothing was heard has no outcome and no seconds", () => {
    const { settled, outcome, seconds } = follow([collected]);
    assert.deepEqual([settled, outcome, seconds], [false, "none", 0]);
  });
});
