import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Seen } from "../asking.ts";
import { keepNode, nodeRows } from "./shapes.ts";

const around = {
  since: 0,
  until: 1,
  intervalMs: 1,
  answers: {},
  lists: {},
  troubles: {},
  recorder: null,
  broker: "connected",
};

describe("rows of nodes", () => {
  it("join what status and stats tell with what the recorder counted, those that are not well first", () => {
    const stored: Record<string, unknown> = {};
    const flow = {
      get: (key: string) => stored[key],
      set: (key: string, value: unknown) => {
        stored[key] = value;
      },
    };
    const told = { kind: "edge", version: "0.1.0", models: ["toy@1.0.0"] };
    keepNode({ node: "edge-1", payload: { ...told, state: "online" } }, flow);
    const stats = {
      kind: "edge",
      uptimeS: 300,
      memoryBytes: 123_456_789,
      queues: { waiting: 2, publish: 0 },
    };
    // Counts of answers by model, not the models served.
    keepNode({ node: "edge-1", payload: { ...stats, models: { "toy@1.0.0": 7 } as never } }, flow);
    keepNode({ node: "worker-1", payload: { ...told, kind: "worker", state: "offline" } }, flow);
    const seen: Seen = { ...around, answers: { nodes: [{ node: "edge-1", drops: 3 }] } };
    const rows = nodeRows({ payload: seen }, flow).payload as (Record<string, unknown> &
      Record<"up" | "memory", { text: string }>)[];
    assert.deepEqual(
      rows.map(({ node, state, up, models, memory, queues, drops }) => [
        node,
        state,
        up.text,
        models,
        memory.text,
        queues,
        drops,
      ]),
      [
        ["worker-1", "✖ offline", "–", "toy@1.0.0", "–", "–", "–"],
        ["edge-1", "✔ online", "5 min", "toy@1.0.0", "123.5 MB", "waiting 2, publish 0", 3],
      ],
    );
  });

  it("say what waits at a broker in words, and not what it holds", () => {
    const queues = { clients: 11, retainedBytes: 3457, queuedMessages: 2, queuedBytes: 1126, unsentBytes: 0 };
    const flow = { get: () => ({ broker: { state: "online", queues } }) };
    const [row] = nodeRows({ payload: around }, flow).payload as { queues: string }[];
    assert.equal(row?.queues, "queued messages 2, queued 1.1 kB, unsent 0 B");
  });
});
