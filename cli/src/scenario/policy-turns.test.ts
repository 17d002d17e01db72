import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as settled } from "node:timers/promises";
import { PolicyTurns, type TurnPolicy } from "./policy-turns.ts";

function turns(frames: number) {
  const asked: {
    readonly policy: TurnPolicy;
    readonly done: () => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  const policyTurns = new PolicyTurns({
    frames,
    set: (policy) =>
      new Promise((done, fail) => {
        asked.push({ policy, done, fail });
      }),
  });
  return { policyTurns, asked };
}

describe("policy turns", () => {
  it("change after so many answers, and count a frame to the turn that held from its publication to its answer", async () => {
    const { policyTurns, asked } = turns(2);
    const first = policyTurns.turn;
    assert.deepEqual([policyTurns.answered(first), policyTurns.answered(first)], ["edge-only", "edge-only"]);
    assert.deepEqual(
      asked.map(({ policy }) => policy),
      ["meanet"],
    );
    const between = policyTurns.turn;
    assert.equal(policyTurns.answered(first), undefined);
    asked[0]!.done();
    await settled();
    assert.equal(policyTurns.answered(between), undefined);
    assert.equal(policyTurns.answered(policyTurns.turn), "meanet");
    assert.deepEqual(
      asked.map(({ policy }) => policy),
      ["meanet", "edge-only"],
    );
  });

  it("ask for one change at a time", () => {
    const { policyTurns, asked } = turns(1);
    for (let answer = 0; answer < 5; answer++) policyTurns.answered(policyTurns.turn);
    assert.equal(asked.length, 1);
  });

  it("end with the change under way, and with its failure", async () => {
    const { policyTurns, asked } = turns(1);
    policyTurns.answered(policyTurns.turn);
    asked[0]!.fail(new Error("no answer"));
    await settled();
    await assert.rejects(policyTurns.end(), /no answer/);
  });
});
