import assert from "node:assert/strict";
import { test } from "node:test";
import { type IPublishPacket, writeToStream } from "mqtt-packet";
import { keepPacketLengths } from "./packet-lengths.ts";

test("lengths of packets hold on to no more memory than they are, whenever a packet has them", () => {
  keepPacketLengths();
  const held = new Map<ArrayBufferLike, number>();
  const stream = {
    write(chunk: Uint8Array | string) {
      // Remaining lengths from 128 on are the chunks of two bytes behind the first byte; topic lengths come from another store.
      if (typeof chunk !== "string" && chunk.byteLength <= 2) held.set(chunk.buffer, chunk.buffer.byteLength);
      return true;
    },
  } as unknown as NodeJS.WritableStream;
  const packet: IPublishPacket = {
    cmd: "publish",
    topic: "t",
    payload: "",
    qos: 0,
    retain: false,
    dup: false,
  };
  const payload = Buffer.alloc(16_384);
  for (let length = 3; length < 16_384; length++) {
    // As in a process at work: other small buffers come in between.
    Buffer.allocUnsafe(20_000);
    writeToStream({ ...packet, payload: payload.subarray(3, length) }, stream);
  }
  const bytes = [...held.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(bytes < 2_000_000, `${bytes} bytes are held`);
});
