import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FrameOutcome, measureRound } from "./round.ts";

/** A virtual clock and a server that ends the oldest frame every `serviceMs`. */
function server(serviceMs: number, outcome: (index: number) => FrameOutcome = () => ({})) {
  let nowMs = 0;
  let most = 0;
  const waiting: { index: number; resolve: (outcome: FrameOutcome) => void }[] = [];
  const serve = () => {
    const frame = waiting.shift();
    if (frame === undefined) return;
    nowMs += serviceMs;
    frame.resolve(outcome(frame.index));
    setImmediate(serve);
  };
  return {
    now: () => nowMs,
    most: () => most,
    send: (index: number): Promise<FrameOutcome> =>
      new Promise((resolve) => {
        waiting.push({ index, resolve });
        most = Math.max(most, waiting.length);
        if (waiting.length === 1) setImmediate(serve);
      }),
  };
}

describe("round", () => {
  it("keeps as many frames under way as it is told, no more", async () => {
    const { now, most, send } = server(2);
    const round = await measureRound({ frames: 100, outstanding: 5, send, now });
    assert.equal(most(), 5);
    assert.equal(round.framesPerS, 500);
    assert.equal(round.p50Ms, 10);
  });

  it("adds up answers and costs over all frames, refused ones too", async () => {
    const costs = { edgeJ: 1, cloudJ: 2, uplinkBytes: 40 };
    const outcomes: FrameOutcome[] = [
      { answer: { correct: true, exit: "main" }, costs },
      { answer: { correct: false, exit: "cloud" }, costs },
      { answer: { correct: true, exit: "cloud" }, costs },
      { refused: true },
    ];
    const { now, send } = server(1, (index) => outcomes[index]!);
    const round = await measureRound({ frames: 4, outstanding: 1, send, now });
    assert.deepEqual(round, {
      framesPerS: 1000,
      p50Ms: 1,
      p99Ms: 1,
      accuracy: 0.5,
      exits: { main: 0.25, extension: 0, cloud: 0.5 },
      edgeJPerFrame: 0.75,
      cloudJPerFrame: 1.5,
      uplinkBytesPerFrame: 30,
      refused: 1,
    });
  });

  it("knows nothing of answers and costs where there are none", async () => {
    const { now, send } = server(1);
    const { accuracy, exits, edgeJPerFrame } = await measureRound({ frames: 2, outstanding: 2, send, now });
    assert.deepEqual(
      { accuracy, exits, edgeJPerFrame },
      { accuracy: null, exits: null, edgeJPerFrame: null },
    );
  });

  it("fails with the frame that fails", async () => {
    const send = () => Promise.reject(new Error("no verdict"));
    await assert.rejects(measureRound({ frames: 2, outstanding: 2, send }), /no verdict/);
  });
});
