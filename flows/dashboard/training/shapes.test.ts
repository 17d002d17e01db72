import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Training } from "@meanet/protocol";
import type { Seen } from "../asking.ts";
import { joinHistory, keepTraining } from "./history.ts";
import { classRows, epochPoints, eventRows, storeRows, trainingFigures, trialRows } from "./shapes.ts";

const common = { at: 1_752_473_600_000, model: "toy@1.0.0", energyJ: 0.5, run: 2 };
const comparison = { items: 40, current: 0.8, candidate: 0.85, won: 4, lost: 2 };
const epoch = (run: number, number: number): Training => ({
  ...{ ...common, run, event: "epoch", epoch: number, epochs: 2, loss: 1 / number },
  ...{ accuracy: null, imagesPerS: 99.6, pausedMs: 0 },
});

const collected = (label: number): Training & { event: "collected" } => ({
  ...common,
  ...{ event: "collected", items: { label, cloud: 9 }, fresh: 1 },
});
const started: Training = {
  ...{ ...common, event: "started", trigger: "asked", items: 12, heldOut: 3, epochs: 2 },
  hardClasses: ["shirt"],
};
const seen: Seen = {
  ...{ since: 0, until: 1000, intervalMs: 1000, answers: {}, lists: {}, troubles: {}, recorder: null },
  broker: "connected",
};

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
  it("keeps the last contents of each store apart from the events, and what a training has seen is not new", () => {
    const flow = told(collected(1), collected(2), { ...collected(7), model: "sensors@1.0.0" });
    const rows = (of: typeof flow) => storeRows({}, of).payload as Record<string, unknown>[];
    assert.deepEqual(rows(flow), [
      { node: "edge-1", label: 2, cloud: 9, fresh: 1, heldOut: "–", bundle: "toy" },
      { node: "edge-1", label: 7, cloud: 9, fresh: 1, heldOut: "–", bundle: "sensors" },
    ]);
    assert.deepEqual(eventRows({}, flow).payload, []);
    keepTraining({ node: "edge-1", payload: started }, flow);
    assert.deepEqual(
      rows(flow).map(({ fresh }) => fresh),
      [0, 1],
    );
  });

  it("shows of each class what the store holds, the poorest first", () => {
    const classes = [
      { name: "shirt", label: 12, cloud: 3, heldOut: 4 },
      { name: "coat", label: 2, cloud: 0, heldOut: 0 },
    ];
    const rows = classRows({}, told({ ...collected(14), heldOut: 4, classes })).payload;
    assert.deepEqual(rows, [
      { node: "edge-1", class: "coat", label: 2, cloud: 0, heldOut: 0 },
      { node: "edge-1", class: "shirt", label: 12, cloud: 3, heldOut: 4 },
    ]);
    assert.deepEqual(classRows({}, told(collected(14))).payload, []);
  });

  it("tells how many items of the store a training took, where memory allowed no more", () => {
    const details = [12, 40].map((stored) => eventRows({}, told({ ...started, stored })).payload);
    assert.match(JSON.stringify(details[0]), /"12 items, 3 held out/);
    assert.match(JSON.stringify(details[1]), /"12 of 40 items, 3 held out/);
  });

  it("joins what the recorder has with what was told live: once each, the newest first", () => {
    const flow = told({ ...epoch(2, 1), at: 30 }, { ...collected(5), at: 40 });
    const recorded = (training: Training) => ({ edge: "edge-1", training });
    const steps = [epoch(2, 1), epoch(1, 1)].map((step, index) => recorded({ ...step, at: 30 - 10 * index }));
    const stores = [
      recorded({ ...collected(4), at: 35 }),
      { edge: "edge-2", training: { ...collected(8), at: 10 } },
    ];
    for (let look = 0; look < 2; look++)
      joinHistory({ payload: { ...seen, lists: { steps, stores } } }, flow);
    keepTraining({ node: "edge-1", payload: { ...epoch(1, 1), at: 20 } }, flow);
    const events = eventRows({}, flow).payload as Record<string, string>[];
    assert.deepEqual(
      events.map(({ run, time }) => [run, time?.slice(11)]),
      [
        ["2", "00:00:00"],
        ["1", "00:00:00"],
      ],
    );
    const rows = storeRows({}, flow).payload as Record<string, unknown>[];
    assert.deepEqual(
      rows.map(({ node, label }) => [node, label]),
      [
        ["edge-1", 5],
        ["edge-2", 8],
      ],
    );
    assert.doesNotThrow(() => joinHistory({ payload: seen }, flow));
  });

  it("sums up stores, the last training and its candidate", () => {
    const flow = told(collected(3), epoch(1, 1), ...[started, epoch(2, 1)], {
      ...common,
      event: "accepted",
      figures: { heldOut: comparison, reference: null },
    });
    const { figures, empty } = trainingFigures({ payload: seen }, flow).payload;
    assert.equal(empty, null);
    assert.deepEqual(
      figures.map(({ key, text, note }) => [key, text, note]),
      [
        ["items", "12", "3 labelled by people, 9 answered by the cloud"],
        ["last", "accepted", "number 2 of edge-1"],
        ["gain", "+5.0 points", "beside what was in force, on 40 held-out items"],
        ["training-energy", "1.50 J", "all its steps"],
      ],
    );
  });

  it("says where there is nothing whether that is all there is", () => {
    const empty = (changes: Partial<Seen>) =>
      trainingFigures({ payload: { ...seen, ...changes } }, told()).payload.empty;
    assert.match(empty({}) ?? "", /switched on under Control/);
    assert.match(empty({ recorder: "No recorder is configured." }) ?? "", /No recorder is configured/);
    assert.match(empty({ troubles: { steps: "status 404" } }) ?? "", /recorder does not tell/);
  });

  it("sets each candidate beside what was in force, on every set of items that it was judged by", () => {
    const flow = told(
      { ...common, event: "accepted", figures: { heldOut: comparison, reference: comparison } },
      { ...common, event: "refused", reason: "no gain", figures: { heldOut: comparison, reference: null } },
    );
    const rows = trialRows({}, flow).payload as (Record<"moved" | "verdict", string> &
      Record<"items" | "before" | "after", { text: string }>)[];
    assert.deepEqual(
      rows.map(({ items, before, after, moved, verdict }) => [
        ...[items.text, before.text, after.text],
        ...[moved, verdict],
      ]),
      [
        ["40 held-out items", "80.0 %", "85.0 %", "+4 −2", "✖ refused: no gain"],
        ["40 held-out items", "80.0 %", "85.0 %", "+4 −2", "✔ accepted"],
        ["40 reference frames", "80.0 %", "85.0 %", "+4 −2", "✔ accepted"],
      ],
    );
  });

  it("draws the last training of each bundle alone, in the order of its epochs", () => {
    const windows = { ...epoch(1, 1), model: "steps@1.0.0" };
    const flow = told(epoch(1, 1), windows, epoch(2, 1), epoch(2, 2));
    assert.deepEqual(epochPoints({}, flow).payload, [
      { epoch: "1", series: "edge-1, steps: loss, nats", value: 1 },
      { epoch: "1", series: "edge-1, toy: loss, nats", value: 1 },
      { epoch: "2", series: "edge-1, toy: loss, nats", value: 0.5 },
    ]);
  });

  it("tells the newest events first, with what came of them", () => {
    const flow = told(epoch(2, 1), { ...common, event: "failed", reason: "too few items" });
    const rows = eventRows({}, flow).payload as (Record<"time" | "run" | "event" | "detail", string> & {
      energy: { text: string };
    })[];
    assert.deepEqual(
      rows.map(({ time, run, event, detail, energy }) => [time, run, event, detail, energy.text]),
      [
        ["2025-07-14 06:13:20", "2", "failed", "too few items", "500 mJ"],
        ["2025-07-14 06:13:20", "2", "epoch", "1 of 2: loss 1.000, 100 images/s", "500 mJ"],
      ],
    );
  });

  it("tells of a dismissed proposal which classes stay, and how many labels would bring it back", () => {
    const change = { hardClasses: ["bag", "coat"], becomeHard: ["bag"], becomeEasy: ["shirt"] };
    const dismissed = { ...common, event: "dismissed", ...change } as const;
    const waits = [
      { name: "bag", labels: 64 },
      { name: "shirt", labels: 80 },
    ];
    const flow = told(dismissed, { ...dismissed, at: common.at + 1, waits });
    const rows = eventRows({}, flow).payload as Record<string, string>[];
    assert.deepEqual(
      rows.map(({ detail }) => detail),
      [
        "stay as they are: bag, shirt; not proposed again before 64 more labels of bag, 80 more labels of shirt",
        "stay as they are: bag, shirt",
      ],
    );
  });
});
