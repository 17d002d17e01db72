import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { callPrecision, mainErrors } from "./detection.ts";

const hard = new Set([2, 3]);
const frame = (label: number, mainClass: number) => ({
  label,
  mainClass,
  isHard: hard.has(label),
  calledHard: hard.has(mainClass),
});

test("errors of main are told by where they come from and where they lead", () => {
  const frames = [
    frame(0, 0),
    frame(0, 2),
    frame(3, 1),
    frame(3, 1),
    frame(1, 0),
    frame(2, 3),
    frame(2, 2),
    frame(0, 0),
  ];
  assert.deepEqual(mainErrors(frames), {
    easyToHard: 1 / 8,
    hardToEasy: 2 / 8,
    easyToEasy: 1 / 8,
    hardToHard: 1 / 8,
  });
  assert.deepEqual(callPrecision(frames), { hard: 2 / 3, easy: 3 / 5 });
});

test("a main that calls no frame hard has no precision there", () => {
  assert.deepEqual(callPrecision([frame(0, 1), frame(2, 0)]), { hard: 0, easy: 0.5 });
});

test("the four kinds of error and the right answers are all frames", () => {
  const classes = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(classes, classes), { minLength: 1 }), (pairs) => {
      const frames = pairs.map(([label, mainClass]) => frame(label, mainClass));
      const right = frames.filter(({ label, mainClass }) => label === mainClass).length / frames.length;
      const kinds = Object.values(mainErrors(frames)).reduce((sum, value) => sum + value, right);
      assert.ok(Math.abs(kinds - 1) < 1e-12);
    }),
  );
});
