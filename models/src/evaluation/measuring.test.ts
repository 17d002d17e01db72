import assert from "node:assert/strict";
import { it } from "node:test";
import { countRuns, type MeasuringProgress } from "./measuring.ts";

it("tells the share of all passes that is done, and the time left at the speed so far", () => {
  let nowMs = 5000;
  const told: MeasuringProgress[] = [];
  const ran = countRuns(
    { split: "test", frames: 200, passes: 2 },
    (progress) => told.push(progress),
    () => nowMs,
  );
  for (const ms of [6000, 9000, 12_500, 13_000]) {
    nowMs = ms;
    ran(100);
  }
  const of = { kind: "measuring", split: "test", frames: 200 } as const;
  assert.deepEqual(told, [
    { ...of, done: 0.25, secondsLeft: 3 },
    { ...of, done: 0.5, secondsLeft: 4 },
    { ...of, done: 0.75, secondsLeft: 2.5 },
    { ...of, done: 1, secondsLeft: 0 },
  ]);
});
