import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import mqtt from "mqtt";
import { connectPacket, Inbox, startBroker, subscribePacket } from "./test-broker.ts";

const FRAME = Buffer.alloc(10_000, 0x61);

describe("a subscriber that stops reading", { timeout: 300_000 }, () => {
  for (const qos of [0, 1] as const) {
    it(`does not keep the others from 3000 messages of QoS ${qos}, and is disconnected for not draining`, async (t) => {
      const broker = await startBroker(t, {
        limits: { drainTimeout: "1s", unsentBytes: 2_000_000, unsentBytesMax: 100_000_000 },
      });
      const stalled = await broker.socket();
      stalled.write(connectPacket("stalled"));
      await once(stalled, "data");
      stalled.write(subscribePacket(["frames/#"], qos));
      await once(stalled, "data");
      stalled.pause();

      const healthy = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
      t.after(() => healthy.endAsync(true));
      let received = 0;
      healthy.on("message", () => received++);
      await healthy.subscribeAsync("frames/#", { qos });
      const inbox = new Inbox(healthy);
      await healthy.subscribeAsync("done", { qos: 1 });
      const publisher = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
      t.after(() => publisher.endAsync(true));
      for (let batch = 0; batch < 30; batch++) {
        const sent = Array.from({ length: 100 }, () => publisher.publishAsync("frames/x", FRAME, { qos }));
        await Promise.all(sent);
        // The healthy one keeps pace: what it misses would be missing because of the other.
        await publisher.publishAsync("done", `${batch}`, { qos: 1 });
        await inbox.has(`${batch}`);
      }
      assert.equal(received, 3000 + 30);
      const { client, detail } = await broker.ended("not-draining");
      assert.equal(client, "stalled");
      assert.match(detail ?? "", /took none of its \d+ waiting bytes for 1000 ms/);
      const dropped = await broker.metric('meanet_broker_dropped_messages_total{reason="slow-subscriber"');
      assert.ok(qos === 0 ? dropped > 1000 : dropped === 0, `${dropped} dropped`);
      assert.equal(await broker.metric("meanet_broker_unsent_bytes{"), 0);
    });
  }

  it("is disconnected at once when more QoS 1 messages wait for it than the limit", async (t) => {
    const broker = await startBroker(t, {
      limits: { drainTimeout: "1h", unsentBytes: 1_000_000, unsentBytesMax: 5_000_000 },
    });
    const stalled = await broker.socket();
    stalled.write(connectPacket("stalled"));
    await once(stalled, "data");
    stalled.write(subscribePacket(["frames/#"], 1));
    await once(stalled, "data");
    stalled.pause();
    const publisher = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    t.after(() => publisher.endAsync(true));
    const ended = broker.ended("unsent-limit");
    let over = false;
    void ended.then(() => {
      over = true;
    });
    while (!over) {
      await Promise.all(
        Array.from({ length: 50 }, () => publisher.publishAsync("frames/x", FRAME, { qos: 1 })),
      );
    }
    assert.equal((await ended).client, "stalled");
  });
});
