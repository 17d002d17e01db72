import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AedesPublishPacket } from "aedes";
import { OutgoingQueue } from "./outgoing-queue.ts";

const roomy = { messages: 100, bytes: 1_000_000 };
const message = (brokerCounter: number, bytes = 10): AedesPublishPacket => ({
  cmd: "publish",
  topic: "a/b",
  payload: Buffer.alloc(bytes),
  qos: 1,
  retain: false,
  dup: false,
  brokerId: "broker",
  brokerCounter,
});
const counters = (queue: OutgoingQueue) =>
  queue.packets().map((packet) => (packet.cmd === "publish" ? packet.brokerCounter : packet.cmd));

describe("OutgoingQueue", () => {
  it("owes messages in their order until each is acknowledged by the identifier it was sent with", () => {
    const queue = new OutgoingQueue();
    for (const counter of [1, 2, 3]) assert.ok(queue.enqueue(message(counter), roomy));
    queue.update({ ...message(2), messageId: 77 });
    assert.equal((queue.acknowledge(77) as AedesPublishPacket).brokerCounter, 2);
    assert.deepEqual(counters(queue), [1, 3]);
    assert.equal(queue.acknowledge(77), undefined);
  });

  it("takes no more than its bounds of messages and bytes, and has room again after an acknowledgement", () => {
    const queue = new OutgoingQueue();
    assert.ok(queue.enqueue(message(1), { messages: 2, bytes: 1000 }));
    assert.ok(!queue.enqueue(message(2, 900), { messages: 2, bytes: 1000 }));
    assert.ok(queue.enqueue(message(3), { messages: 2, bytes: 1000 }));
    assert.ok(!queue.enqueue(message(4), { messages: 2, bytes: 1000 }));
    queue.update({ ...message(1), messageId: 1 });
    queue.acknowledge(1);
    assert.ok(queue.enqueue(message(4), { messages: 2, bytes: 1000 }));
    assert.deepEqual(counters(queue), [3, 4]);
  });

  it("keeps a message once that several subscriptions match", () => {
    const queue = new OutgoingQueue();
    queue.enqueue(message(1), roomy);
    queue.enqueue(message(1), roomy);
    assert.equal(queue.length, 1);
  });

  it("sends again with the same identifier and DUP what was sent before, and only that", () => {
    const queue = new OutgoingQueue();
    queue.enqueue(message(1), roomy);
    queue.enqueue(message(2), roomy);
    queue.update({ ...message(1), messageId: 9 });
    const [first, second] = queue.packets() as AedesPublishPacket[];
    assert.deepEqual([first?.dup, first?.messageId], [true, 9]);
    assert.deepEqual([second?.dup, second?.messageId], [false, undefined]);
  });

  it("owes the PUBREL in place of a QoS 2 message that was received", () => {
    const queue = new OutgoingQueue();
    queue.enqueue(message(1), roomy);
    queue.update({ ...message(1), messageId: 9 });
    queue.update({ cmd: "pubrel", messageId: 9 });
    assert.deepEqual(queue.packets(), [{ cmd: "pubrel", messageId: 9 }]);
    queue.acknowledge(9);
    assert.equal(queue.length, 0);
    assert.equal(queue.bytes, 0);
  });
});
