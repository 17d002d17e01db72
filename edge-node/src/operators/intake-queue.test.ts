import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { frameOf } from "../frames-for-tests.ts";
import { IntakeQueue } from "./intake-queue.ts";

const sized = (id: string, bytes: number, qos: 0 | 1) =>
  frameOf(id, { payload: new Uint8Array(bytes), qos, device: `cam-${id}` });

describe("IntakeQueue", () => {
  test("makes room for a large frame by as many QoS 0 frames as it takes", () => {
    const queue = new IntakeQueue({ frames: 10, bytes: 100 });
    const [a, b, c] = [sized("a", 30, 0), sized("b", 30, 0), sized("c", 30, 1)];
    for (const frame of [a, b, c]) assert.deepEqual(queue.push(frame), []);
    const large = sized("d", 70, 1);
    assert.deepEqual(queue.push(large), [a, b]);
    assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], [c, large, undefined]);
  });

  test("keeps what waits when not even all QoS 0 frames would make room", () => {
    const queue = new IntakeQueue({ frames: 10, bytes: 100 });
    const [a, b] = [sized("a", 30, 0), sized("b", 60, 1)];
    queue.push(a);
    queue.push(b);
    const large = sized("c", 50, 1);
    assert.deepEqual(queue.push(large), [large]);
    assert.equal(queue.length, 2);
  });

  test("counts the bytes of those that left", () => {
    const queue = new IntakeQueue({ frames: 1, bytes: 100 });
    for (let round = 0; round < 5; round++) {
      const frame = sized("a", 100, (round % 2) as 0 | 1);
      assert.deepEqual(queue.push(frame), []);
      assert.equal(queue.shift(), frame);
    }
    assert.equal(queue.shift(), undefined);
  });
});
