import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Trial } from "./trial.ts";

const config = { items: 20, leastItems: 10, margin: 0.1 };

describe("the trial of a new extension", () => {
  test("fails when it is wrong more often than the one before, and not before enough frames", () => {
    const trial = new Trial(config);
    const states = Array.from({ length: 10 }, () => trial.observe({ before: true, after: false }));
    assert.deepEqual(states, [...new Array<string>(9).fill("open"), "failed"]);
    assert.deepEqual(trial.figures, { items: 10, before: 0, after: 1 });
  });

  test("passes after its time: a hard hour that both get wrong counts against neither", () => {
    const trial = new Trial(config);
    const states = Array.from({ length: 20 }, (_, at) =>
      trial.observe({ before: false, after: at % 10 === 0 }),
    );
    assert.deepEqual(states.at(-1), "passed");
    assert.deepEqual(new Set(states.slice(0, -1)), new Set(["open"]));
    assert.deepEqual(trial.figures, { items: 20, before: 1, after: 0.9 });
  });

  test("fails late too, when the errors come late", () => {
    const trial = new Trial(config);
    const states = Array.from({ length: 20 }, (_, at) => trial.observe({ before: true, after: at < 15 }));
    // Of the seventeenth frame on, two of them: 2/17 is more than a tenth.
    assert.equal(states.indexOf("failed"), 16);
  });

  test("counts a frame once when a better label of it comes, which may end the trial", () => {
    const trial = new Trial(config);
    for (let at = 0; at < 12; at++) trial.observe({ before: true, after: at !== 5 });
    assert.deepEqual(trial.figures, { items: 12, before: 0, after: 1 / 12 });
    assert.equal(trial.revise({ before: true, after: true }, { before: true, after: false }), "failed");
    assert.deepEqual(trial.figures, { items: 12, before: 0, after: 2 / 12 });
    assert.equal(trial.revise({ before: true, after: false }, { before: false, after: true }), "open");
    assert.deepEqual(trial.figures, { items: 12, before: 1 / 12, after: 1 / 12 });
  });
});
