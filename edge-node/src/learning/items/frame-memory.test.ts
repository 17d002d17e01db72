import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FrameMemory, type KeptFrame } from "./frame-memory.ts";

function frame(id: string): KeptFrame {
  return {
    device: "cam",
    id,
    tensor: new Float32Array(3),
    features: new Float32Array(2),
    p1: [1],
    model: { base: "m@1.0.0", mainDigest: "" },
  };
}

function memory(limits: Partial<{ frames: number; bytes: number; ageMs: number }> = {}) {
  const clock = { nowMs: 0 };
  const kept = new FrameMemory({ frames: 10, bytes: 1000, ageMs: 100, ...limits, nowMs: () => clock.nowMs });
  return { clock, kept };
}

describe("the memory of frames", () => {
  test("joins a label to its frame, whichever comes first, and once", () => {
    const { kept } = memory();
    const first = frame("a");
    assert.equal(kept.keep(first), undefined);
    assert.equal(kept.claim({ device: "cam", id: "a" }, 1), first);
    assert.equal(kept.claim({ device: "cam", id: "b" }, "two"), undefined);
    assert.equal(kept.keep(frame("b")), "two");
    assert.equal(kept.keep(frame("b")), undefined);
    assert.equal(kept.claim({ device: "other", id: "b" }, 1), undefined);
  });

  test("holds no more frames, bytes or age than allowed; the oldest go first", () => {
    const byCount = memory({ frames: 2 }).kept;
    const byBytes = memory({ bytes: 40 }).kept;
    for (const kept of [byCount, byBytes]) {
      for (const id of ["a", "b", "c"]) kept.keep(frame(id));
      assert.deepEqual([kept.size, kept.bytes], [2, 40]);
      assert.equal(kept.claim({ device: "cam", id: "a" }, 1), undefined);
      assert.notEqual(kept.claim({ device: "cam", id: "c" }, 1), undefined);
      assert.equal(kept.bytes, 20);
    }
    const { kept, clock } = memory();
    kept.keep(frame("a"));
    kept.claim({ device: "cam", id: "early" }, 1);
    clock.nowMs = 101;
    assert.equal(kept.claim({ device: "cam", id: "a" }, 1), undefined);
    assert.deepEqual([kept.size, kept.bytes], [0, 0]);
    assert.equal(kept.keep(frame("early")), undefined);
  });

  test("a frame that comes again takes the place of itself, and labels without frames are bounded", () => {
    const { kept } = memory({ frames: 2 });
    kept.keep(frame("a"));
    kept.keep(frame("a"));
    assert.deepEqual([kept.size, kept.bytes], [1, 20]);
    for (const id of ["x", "y", "z"]) kept.claim({ device: "cam", id }, 1);
    assert.equal(kept.keep(frame("x")), undefined);
    assert.equal(kept.keep(frame("z")), 1);
  });
});
