import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Verdict } from "@meanet/protocol";
import { isMeanetError } from "@meanet/runtime";
import { Outstanding } from "./outstanding.ts";

function verdict(id: string, seq: number, final = true): Verdict {
  return {
    id,
    site: "lab",
    device: "camera-1",
    edge: "edge-1",
    journal: "j1",
    seq,
    at: 2,
    receivedAt: 1,
    qos: 1,
    latencyMs: 1,
    outcome: "answered",
    final,
    supersedes: null,
    label: "Coat",
    classIndex: 4,
    confidence: 0.9,
    exit: "main",
    route: "easy",
    cloud: "none",
    entropy: 0.1,
    queueMs: 0,
    computeMs: 0.2,
    energy: { mainJ: 1e-4, extensionJ: 0, uplinkJ: 0, cloudJ: 0, source: "modelled:test" },
    uplinkBytes: 0,
    model: "fashion-mnist@1.0.0",
    worker: null,
  };
}

function open(limit = 3) {
  const clock = { nowMs: 0 };
  return { clock, outstanding: new Outstanding({ limit, now: () => clock.nowMs }) };
}

describe("outstanding", () => {
  it("measures from the first publication, and tells the provisional answer beside the final one", async () => {
    const { clock, outstanding } = open();
    outstanding.expect("a");
    const waiting = outstanding.wait("a", 1_000);
    clock.nowMs = 5;
    outstanding.expect("a");
    outstanding.arrived(verdict("a", 1, false));
    clock.nowMs = 40;
    outstanding.arrived(verdict("a", 2));
    const answer = await waiting;
    assert.equal(answer.latencyMs, 40);
    assert.equal(answer.verdict.seq, 2);
    assert.equal(answer.provisional?.latencyMs, 5);
    assert.equal(outstanding.size, 0);
  });

  it("keeps a verdict that came before anyone asked", async () => {
    const { outstanding } = open();
    outstanding.expect("a");
    outstanding.arrived(verdict("a", 1));
    outstanding.arrived(verdict("a", 9));
    assert.equal((await outstanding.wait("a", 1_000)).verdict.seq, 1);
    await assert.rejects(outstanding.wait("a", 1_000), (error) => isMeanetError(error, "VERDICT_TIMEOUT"));
  });

  it("times out by name and still takes the verdict afterwards", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const { outstanding } = open();
    outstanding.expect("a");
    const waiting = outstanding.wait("a", 1_000);
    context.mock.timers.tick(1_000);
    await assert.rejects(waiting, (error) => isMeanetError(error, "VERDICT_TIMEOUT"));
    outstanding.arrived(verdict("a", 1));
    assert.equal((await outstanding.wait("a", 1_000)).verdict.seq, 1);
  });

  it("forgets the oldest frame nobody waits for, and refuses a new one when all are waited for", async () => {
    const { outstanding } = open(2);
    outstanding.expect("a");
    outstanding.expect("b");
    const waiting = outstanding.wait("a", 1_000);
    outstanding.expect("c");
    outstanding.arrived(verdict("b", 1));
    await assert.rejects(outstanding.wait("b", 1_000), (error) => isMeanetError(error, "VERDICT_TIMEOUT"));
    const other = outstanding.wait("c", 1_000);
    assert.throws(
      () => outstanding.expect("d"),
      (error) => isMeanetError(error, "VERDICT_BACKLOG"),
    );
    outstanding.arrived(verdict("a", 2));
    outstanding.arrived(verdict("c", 3));
    assert.deepEqual([(await waiting).verdict.seq, (await other).verdict.seq], [2, 3]);
  });

  it("ignores verdicts of frames it did not publish", () => {
    const { outstanding } = open();
    outstanding.arrived(verdict("stranger", 1));
    assert.equal(outstanding.size, 0);
  });
});
