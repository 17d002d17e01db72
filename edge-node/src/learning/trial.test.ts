import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Trial } from "./trial.ts";

const config = { items: 20, leastItems: 10, margin: 0.1 };

describe("the trial of a new extension", () => {
  test("fails when it is wrong more often than the one before, and not before enough frames", () => {
    const trial = new Trial(config);
    const states = Array.from({ length: 10 }, () => trial.observe(true, false));
    assert.deepEqual(states, [...new Array<string>(9).fill("open"), "failed"]);
    assert.deepEqual(trial.figures, { items: 10, before: 0, after: 1 });
  });

  test("passes after its time: a hard hour that both get wrong counts against neither", () => {
    const trial = new Trial(config);
    const states = Array.from({ length: 20 }, (_, at) => trial.observe(false, at % 10 === 0));
    assert.deepEqual(states.at(-1), "passed");
    assert.deepEqual(new Set(states.slice(0, -1)), new Set(["open"]));
    assert.deepEqual(trial.figures, { items: 20, before: 1, after: 0.9 });
  });

  test("fails late too, when the errors come late", () => {
    const trial = new Trial(config);
    const states = Array.from({ length: 20 }, (_, at) => trial.observe(true, at < 15));
    // Of the seventeenth frame on, two of them: 2/17 is more than a tenth.
    assert.equal(states.indexOf("failed"), 16);
  });
});
