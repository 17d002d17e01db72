import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stack, unstack } from "./batch.ts";

const items = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)];

describe("a batch", () => {
  test("holds its items one after the other, along a new first axis", () => {
    assert.deepEqual(stack(items, [2, 2]), {
      data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      dims: [2, 2, 2],
    });
  });

  test("gives its items back as copies of their own", () => {
    const batch = stack(items, [4]);
    const [first, second] = unstack(batch);
    assert.deepEqual([first, second], items);
    batch.data[0] = 9;
    assert.equal(first![0], 1);
    assert.equal(first!.buffer.byteLength, 16);
  });
});
