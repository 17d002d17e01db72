import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AccuracyOverTime } from "./accuracy-over-time.ts";

describe("accuracy over time", () => {
  it("makes a point of every window, in the middle of its time", () => {
    const overTime = new AccuracyOverTime(4);
    overTime.begin("clean");
    for (const [atS, right] of [true, false, true, true].entries()) overTime.add(right, atS);
    assert.deepEqual(overTime.points, [{ phase: "clean", atS: 1.5, frames: 4, accuracy: 0.75 }]);
  });

  it("mixes no frames of two phases, and leaves out what is less than half a window", () => {
    const overTime = new AccuracyOverTime(4);
    overTime.begin("clean");
    overTime.add(true, 0);
    overTime.begin("shifted");
    overTime.add(false, 1);
    overTime.add(false, 2);
    overTime.end();
    overTime.end();
    assert.deepEqual(overTime.points, [{ phase: "shifted", atS: 1.5, frames: 2, accuracy: 0 }]);
  });
});
