import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AedesPublishPacket } from "aedes";
import { configSchema } from "./config.ts";
import { OutgoingQueue } from "./outgoing-queue.ts";
import { ownBytes } from "./own-bytes.ts";
import { Sessions } from "./sessions.ts";

const read = Buffer.alloc(65_536, "x");
const small = read.subarray(100, 110);
const message = {
  cmd: "publish",
  topic: "a",
  payload: small,
  qos: 1,
  brokerId: "b",
  brokerCounter: 1,
} as unknown as AedesPublishPacket;
const memoryOf = (payload: Buffer | string) => (payload as Buffer).buffer.byteLength;

describe("ownBytes", () => {
  it("copies what is a small part of a larger piece of memory, once for all who keep it", () => {
    const own = ownBytes(small);
    assert.deepEqual(own, small);
    assert.equal(memoryOf(own), small.length);
    assert.equal(ownBytes(small), own);
    assert.equal(ownBytes(own), own);
  });

  it("leaves alone what fills half its memory", () => {
    const large = read.subarray(0, 40_000);
    assert.equal(ownBytes(large), large);
  });

  it("is what a retained message and a waiting one take", async () => {
    const { limits } = configSchema.parse({});
    const nothing = () => undefined;
    const sessions = new Sessions(limits, {
      drop: nothing,
      acknowledged: nothing,
      forgotten: nothing,
      searching: () => nothing,
    });
    await sessions.storeRetained(message);
    for await (const { payload } of sessions.retained.matching(["a"])) assert.equal(memoryOf(payload), 10);
    const queue = new OutgoingQueue();
    queue.enqueue(message, { messages: 10, bytes: 10_000 });
    const [waiting] = queue.packets();
    assert.ok(waiting?.cmd === "publish");
    assert.equal(memoryOf(waiting.payload), 10);
  });
});
