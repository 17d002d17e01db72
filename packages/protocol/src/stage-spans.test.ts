import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stageSpans } from "./stage-spans.ts";

describe("stageSpans", () => {
  it("lays the stages one behind the other, whatever the order of their keys, and names the rest", () => {
    const spans = stageSpans({ mainMs: 4, admitMs: 1, decodeMs: 2, cloudMs: 8, cloudComputeMs: 3 }, 16);
    assert.deepEqual(spans, [
      { stage: "admit", startMs: 0, durationMs: 1 },
      { stage: "decode", startMs: 1, durationMs: 2 },
      { stage: "main", startMs: 3, durationMs: 4 },
      { stage: "cloud", startMs: 7, durationMs: 8 },
      { stage: "rest", startMs: 15, durationMs: 1 },
    ]);
  });

  it("has no rest when the stages explain the latency, rounded up or not", () => {
    assert.deepEqual(
      stageSpans({ admitMs: 2 }, 1.999).map(({ stage }) => stage),
      ["admit"],
    );
  });
});
