import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AedesPublishPacket } from "aedes";
import { RetainedMessages } from "./retained-messages.ts";

const message = (topic: string, payload: string): AedesPublishPacket => ({
  cmd: "publish",
  topic,
  payload: Buffer.from(payload),
  qos: 0,
  retain: true,
  dup: false,
  brokerId: "broker",
  brokerCounter: 1,
});
const topics = async (retained: RetainedMessages, filters: readonly string[]) => {
  const found: string[] = [];
  for await (const { topic } of retained.matching(filters)) found.push(topic);
  return found;
};

describe("RetainedMessages", () => {
  it("keeps the last message of each topic until an empty one", async () => {
    const retained = new RetainedMessages(10, 1000);
    retained.store(message("a", "1"));
    retained.store(message("a", "22"));
    retained.store(message("b/c", "3"));
    assert.deepEqual(await topics(retained, ["#"]), ["a", "b/c"]);
    assert.deepEqual(await topics(retained, ["b/c", "nothing", "+"]), ["b/c", "a"]);
    retained.store(message("a", ""));
    assert.deepEqual(await topics(retained, ["#"]), ["b/c"]);
    assert.equal(retained.bytes, 4);
  });

  it("refuses a new topic past its bounds, yet replaces and removes known ones", () => {
    const retained = new RetainedMessages(2, 10);
    assert.ok(retained.store(message("a", "1")));
    assert.ok(retained.store(message("b", "1")));
    assert.ok(!retained.store(message("c", "1")));
    assert.ok(!retained.store(message("a", "123456789")));
    assert.ok(retained.store(message("a", "1234567")));
    assert.equal(retained.bytes, 10);
    assert.ok(retained.store(message("b", "")));
    assert.ok(retained.store(message("c", "1")));
  });
});
