import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Candidate, Choice } from "./choice.ts";

const off = { every: 0, ofCloud: "none", ofCloudPerMinute: 60 } as const;
const plain = (device = "cam"): Candidate => ({ device, cloud: undefined });
const asked = (cloud: "agreed" | "disagreed"): Candidate => ({ device: "cam", cloud });

describe("the choice of frames to be seen", () => {
  test("is nobody's while it is off", () => {
    const choice = new Choice(off);
    assert.ok(choice.isOff);
    assert.ok(!choice.takes(plain(), 0));
    assert.ok(!choice.takes(asked("disagreed"), 1));
  });

  test("takes one of each device in an interval", () => {
    const choice = new Choice({ ...off, every: 1000 });
    const taken = [0, 1, 999, 1000, 1500, 2100].filter((atMs) => choice.takes(plain(), atMs));
    assert.deepEqual(taken, [0, 1000, 2100]);
    assert.ok(choice.takes(plain("door"), 2100));
  });

  test("takes those that the cloud saw otherwise, or all that it answered, beside the clock", () => {
    const disagreed = new Choice({ ...off, every: 1000, ofCloud: "disagreed" });
    assert.ok(disagreed.takes(plain(), 0));
    assert.ok(!disagreed.takes(asked("agreed"), 10));
    assert.ok(disagreed.takes(asked("disagreed"), 20));
    assert.ok(!disagreed.takes(plain(), 1010), "the last one was 990 ms ago");
    const answered = new Choice({ ...off, ofCloud: "answered" });
    assert.ok(answered.takes(asked("agreed"), 0));
    assert.ok(!answered.takes(plain(), 1));
  });

  test("keeps to the rate: a sixth of a minute's at once, then as time passes", () => {
    const choice = new Choice({ ...off, ofCloud: "disagreed", ofCloudPerMinute: 30 });
    const taken = (fromMs: number, toMs: number) => {
      let count = 0;
      for (let atMs = fromMs; atMs < toMs; atMs += 10) if (choice.takes(asked("disagreed"), atMs)) count += 1;
      return count;
    };
    assert.equal(taken(0, 1000), 5);
    assert.equal(taken(1000, 61_000), 30);
  });

  test("remembers a bounded number of devices, and forgets those of longest ago", () => {
    const choice = new Choice({ ...off, every: 60_000 });
    for (let index = 0; index <= 4096; index++) assert.ok(choice.takes(plain(`cam-${index}`), index));
    assert.ok(!choice.takes(plain("cam-1"), 5000));
    assert.ok(choice.takes(plain("cam-0"), 5000));
  });
});
