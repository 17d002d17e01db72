import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answered, refused } from "../verdict.fixture.ts";
import { AccuracyOverTime, judgeAnswer } from "./accuracy-over-time.ts";

const right = { edgeRight: true, finalRight: true };
const wrong = { edgeRight: false, finalRight: true };

describe("judgeAnswer", () => {
  it("takes the edge's final answer as its own", () => {
    assert.deepEqual(judgeAnswer(8, answered({ classIndex: 8 }), undefined), right);
  });

  it("takes the provisional answer as the edge's own where the cloud answered", () => {
    const cloud = answered({ classIndex: 8, exit: "cloud" });
    assert.deepEqual(judgeAnswer(8, cloud, answered({ classIndex: 3, final: false })), wrong);
  });

  it("says nothing of a refusal, nor of the edge where only the cloud's answer is known", () => {
    assert.equal(judgeAnswer(8, refused(), undefined), undefined);
    assert.equal(judgeAnswer(8, answered({ exit: "cloud" }), undefined), undefined);
  });
});

describe("accuracy over time", () => {
  it("makes a point of every window, in the middle of its time", () => {
    const overTime = new AccuracyOverTime(4);
    overTime.begin("clean");
    for (const [atS, answer] of [right, wrong, right, right].entries()) overTime.add({ atS, ...answer });
    assert.deepEqual(overTime.points, [{ phase: "clean", atS: 1.5, frames: 4, edge: 0.75, final: 1 }]);
  });

  it("mixes no frames of two phases, and leaves out what is less than half a window", () => {
    const overTime = new AccuracyOverTime(4);
    overTime.begin("clean");
    overTime.add({ atS: 0, ...right });
    overTime.begin("shifted");
    overTime.add({ atS: 1, ...wrong });
    overTime.add({ atS: 2, ...wrong });
    overTime.end();
    overTime.end();
    assert.deepEqual(overTime.points, [{ phase: "shifted", atS: 1.5, frames: 2, edge: 0, final: 1 }]);
  });
});
