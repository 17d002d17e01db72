import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeWindow } from "@meanet/protocol";
import { framePayload } from "./frame-payload.ts";

describe("frame payload", () => {
  it("takes bytes for a frame unless told otherwise", () => {
    const bytes = Buffer.of(1, 2);
    assert.deepEqual(framePayload(bytes, "auto"), { topic: "frame", bytes });
    assert.deepEqual(framePayload(bytes, "frame"), { topic: "frame", bytes });
    assert.deepEqual(framePayload(bytes, "window"), { topic: "window", bytes });
  });

  it("takes numbers for a window, channel after channel, in every form", () => {
    for (const payload of [
      Float32Array.of(1, 2, 3, 4),
      Float64Array.of(1, 2, 3, 4),
      [1, 2, 3, 4],
      [
        [1, 2],
        [3, 4],
      ],
    ]) {
      const { topic, bytes } = framePayload(payload, "auto");
      assert.equal(topic, "window");
      assert.deepEqual([...decodeWindow(bytes, [2, 2])], [1, 2, 3, 4]);
    }
  });

  for (const [what, payload, message] of [
    ["text", "boot.jpg", /a string/],
    ["nothing", undefined, /undefined/],
    ["an object", { image: 1 }, /an object/],
    ["no bytes", Buffer.alloc(0), /an empty Buffer/],
    ["no numbers", [], /no numbers/],
    ["a hole", [1, Number.NaN], /NaN as value 1/],
    ["rows of two lengths", [[1, 2], [3]], /rows of 2 and of 1 numbers/],
    ["rows beside numbers", [[1], 2], /element 1 is a number/],
    ["text among numbers", [1, "2"], /element 1 is a string/],
  ] as const) {
    it(`refuses ${what}, and names it`, () => {
      assert.throws(() => framePayload(payload, "auto"), { code: "PAYLOAD_INVALID", message });
    });
  }

  it("refuses numbers where only a frame fits", () => {
    assert.throws(() => framePayload([1], "frame"), { code: "PAYLOAD_INVALID", message: /as Buffer/ });
  });
});
