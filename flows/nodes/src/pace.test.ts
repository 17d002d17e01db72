import assert from "node:assert/strict";
import { it } from "node:test";
import { Pace } from "./pace.ts";

it("a pace counts by kind over ten seconds and forgets what is older", () => {
  let nowMs = 500;
  const pace = new Pace<"main" | "cloud">(() => nowMs);
  assert.equal(pace.perSecond, 0);
  for (let count = 0; count < 30; count++) pace.add("main");
  nowMs = 5_000;
  for (let count = 0; count < 10; count++) pace.add("cloud");
  assert.deepEqual(
    [...pace.counts],
    [
      ["main", 30],
      ["cloud", 10],
    ],
  );
  assert.equal(pace.perSecond, 4);
  nowMs = 10_000;
  assert.deepEqual([...pace.counts], [["cloud", 10]]);
  nowMs = 15_000;
  assert.equal(pace.total, 0);
});
