import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Rows, Seen } from "../asking.ts";
import { cell } from "../texts.ts";
import { countOnline, dropRows, energyRows, figures, latencyRows, overTime } from "./shapes.ts";

function seen(answers: Record<string, Rows[]>): { payload: Seen } {
  const around = {
    since: 0,
    until: 60_000,
    intervalMs: 1000,
    lists: {},
    troubles: {},
    recorder: null,
    broker: "connected",
  };
  return { payload: { ...around, answers } };
}

const nobody = { get: () => undefined };

describe("figures", () => {
  it("shows a dash, and says so, where there is nothing to show", () => {
    const { payload } = figures(seen({}), nobody);
    assert.equal(payload.empty, "No frame was answered in this time.");
    const away = { payload: { ...seen({}).payload, recorder: "The recorder is away." } };
    assert.equal(figures(away, nobody).payload.empty, null);
    assert.deepEqual(
      payload.figures.filter(({ value }) => value !== null).map(({ key }) => key),
      ["nodes"],
    );
  });

  it("gives each figure as it came, and as people read it", () => {
    const { payload } = figures(
      seen({
        throughput: [{ frames: 120, framesPerS: 2 }],
        exits: [
          { exit: "cloud", frames: 30, share: 0.25 },
          { exit: "main", frames: 90, share: 0.75 },
        ],
        latency: [{ p50Ms: 3.14, p99Ms: 42 }],
        energy: [{ edgeJPerFrame: 0.00125 }],
        uplink: [{ bytes: 1500 }],
        savings: [{ cloudOnlyBytes: 4000 }, { cloudOnlyBytes: 2500 }],
        accuracy: [{ labelled: 10, accuracy: 0.9 }],
        disagreement: [{ compared: 20, share: 0.15 }],
        drops: [
          { source: "refused", reason: "overload", frames: 3 },
          { source: "edge", reason: "overload", frames: 5 },
        ],
      }),
      { get: () => ({ "edge-1": "online", "worker-1": "offline" }) },
    );
    const texts = Object.fromEntries(payload.figures.map(({ key, value, text }) => [key, [value, text]]));
    assert.deepEqual(texts, {
      rate: [120, "2.0 /s"],
      "edge-share": [0.75, "75.0 %"],
      latency: [42, "42.0 ms"],
      energy: [0.00125, "1.25 mJ"],
      "bytes-saved": [5000, "5.0 kB"],
      accuracy: [0.9, "90.0 %"],
      disagreement: [0.15, "15.0 %"],
      refused: [3, "3"],
      nodes: [1, "1 of 2"],
    });
  });

  it("does not say that the broker knows of nodes while it is away", () => {
    const away = { payload: { ...seen({}).payload, broker: "connecting" } };
    const shown = figures(away, { get: () => ({ "edge-1": "online" }) }).payload.figures;
    assert.equal(shown.find(({ key }) => key === "nodes")?.note, "as the broker said last");
  });
});

describe("rows of charts and tables", () => {
  it("gives each interval a bar of each exit, nought where it had none", () => {
    const { payload } = overTime(
      seen({ "exits over time": [{ time: 1000, exit: "cloud", frames: 7, share: 1 }] }),
    );
    assert.deepEqual(payload, [
      { time: 1000, exit: "main", frames: 0 },
      { time: 1000, exit: "extension", frames: 0 },
      { time: 1000, exit: "cloud", frames: 7 },
    ]);
  });

  it("puts exits in order, with the accuracy of each", () => {
    const { payload } = latencyRows(
      seen({
        "latency by exit": [
          { exit: "cloud", frames: 2, p50Ms: 20.04, p95Ms: null, p99Ms: 30_000 },
          { exit: "main", frames: 8, p50Ms: 2, p95Ms: 3, p99Ms: 4 },
        ],
        "accuracy by exit": [{ exit: "main", labelled: 4, correct: 3, accuracy: 0.75 }],
      }),
    );
    assert.deepEqual(payload, [
      {
        exit: "main",
        frames: 8,
        ...{ p50: 2, p95: 3, p99: 4 },
        ...{
          ...cell("p50Text", 2, "2.0 ms"),
          ...cell("p95Text", 3, "3.0 ms"),
          ...cell("p99Text", 4, "4.0 ms"),
        },
        ...cell("accuracy", 0.75, "75.0 %"),
      },
      {
        exit: "cloud",
        frames: 2,
        ...{ p50: 20.04, p95: null, p99: 30_000 },
        ...{ ...cell("p50Text", 20.04, "20.0 ms"), ...cell("p95Text", null, "–") },
        ...{ ...cell("p99Text", 30_000, "30.0 s"), ...cell("accuracy", null, "–") },
      },
    ]);
  });

  it("sets what was done beside the other ways, and leaves unknown what nothing is known of", () => {
    const row = { model: "a", frames: 100, edgeJ: 0.2, cloudJ: 0.1, bytes: 3000, edgeOnlyJ: 0.15 };
    const { payload } = energyRows(
      seen({ savings: [{ ...row, cloudOnlyEdgeJ: null, cloudOnlyCloudJ: null, cloudOnlyBytes: null }] }),
    );
    const rows = payload as ({ way: string } & Record<"total" | "perFrame" | "bytes", { text: string }>)[];
    assert.deepEqual(
      rows.map(({ way, total, perFrame, bytes }) => [way, total.text, perFrame.text, bytes.text]),
      [
        ["as done", "300 mJ", "3.00 mJ", "3.0 kB"],
        ["edge-only", "150 mJ", "1.50 mJ", "0 B"],
        ["cloud-only", "–", "–", "–"],
      ],
    );
    assert.deepEqual(energyRows(seen({})).payload, []);
  });

  it("lists only reasons that had frames", () => {
    const rows = [
      { source: "edge", reason: "overload", frames: 0 },
      { source: "refused", reason: "too-large", frames: 2 },
    ];
    assert.deepEqual(dropRows(seen({ drops: rows })).payload, [rows[1]]);
  });

  it("remembers the last state of each node", () => {
    const stored: Record<string, unknown> = {};
    const flow = {
      get: (key: string) => stored[key],
      set: (key: string, value: unknown) => {
        stored[key] = value;
      },
    };
    countOnline({ node: "edge-1", payload: { state: "online" } }, flow);
    countOnline({ node: "edge-1", payload: { state: "offline" } }, flow);
    assert.deepEqual(stored.nodes, { "edge-1": "offline" });
  });
});
