import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Verdict } from "@meanet/protocol";
import { cell } from "../texts.ts";
import { labelFailed, labelled, recent } from "./shapes.ts";

const common = {
  ...{ id: "a", site: "lab", device: "cam-1", edge: "edge-1", journal: "j", seq: 1, at: 1_752_473_600_000 },
  ...{ receivedAt: 0, latencyMs: 4.25 },
} as const;

describe("frames", () => {
  it("are listed newest first, twelve at most, refusals with their reason", () => {
    let stored: unknown;
    const flow = {
      get: () => stored,
      set: (_: string, value: unknown) => {
        stored = value;
      },
    };
    const refusal: Verdict = {
      ...common,
      qos: 1,
      outcome: "refused",
      final: true,
      reason: "overload",
      detail: "full",
    };
    for (let number = 1; number <= 13; number++) recent({ payload: { ...refusal, id: `f-${number}` } }, flow);
    const [first, ...others] = stored as object[];
    assert.deepEqual(first, {
      ...{ time: "06:13:20", device: "cam-1", id: "f-13", answer: "refused: overload" },
      ...{ exit: "–", ...cell("confidence", null, "–"), latency: "4.3" },
    });
    assert.equal(others.length, 11);
  });

  it("tell whoever gave a true class what came of it", () => {
    const meanet = { device: "cam-1", id: "a" };
    const told = (message: object) => (message as { payload: { said: string; label?: string } }).payload;
    const { said, label } = told(labelled({ meanet, label: "Bag" }));
    assert.deepEqual([said, label], ["Sent: cam-1 a is Bag.", "Bag"]);
    const failed = told(labelFailed({ meanet, error: { message: "MeanetError: no broker" } }));
    assert.deepEqual([failed.said, failed.label], ["Not sent: no broker", undefined]);
  });
});
