import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fresh, Inbox, shareBroker, topics } from "./sessions-for-tests.ts";
import { startMosquitto, waitUntil } from "./testing/index.ts";

const { open, openWireTo } = shareBroker();

describe("a message over which the broker ends the connection", { timeout: 300_000 }, () => {
  test("is given up after a few, and what waits behind it goes through", async (context) => {
    const narrow = await startMosquitto(["max_packet_size 2000"]);
    context.after(() => narrow.stop());
    const device = fresh("device");
    const session = open(context, { url: narrow.url });
    await session.connect();
    const publish = (id: string, bytes: number) =>
      session.publish(topics.frame, { site: "lab", device, id }, new Uint8Array(bytes));
    const [before, large, after] = await Promise.allSettled([
      publish("before", 10),
      publish("large", 5000),
      publish("after", 10),
    ]);
    assert.deepEqual([before?.status, after?.status], ["fulfilled", "fulfilled"]);
    assert.ok(large?.status === "rejected");
    assert.equal(large.reason.code, "PUBLISH_REFUSED");
    assert.match(String(large.reason), /3 connections in a row on a message of 5000 bytes to .*large/);
    await session.whenConnected(5_000);
    assert.equal(session.pending, 0);
  });

  test("is none that waits for a broker through many attempts to reach it", async (context) => {
    const wire = await openWireTo(context);
    const device = fresh("device");
    const inbox = new Inbox<string>();
    const watcher = open(context);
    watcher.subscribe(topics.frame, { device }, ({ params }) => inbox.put(params.id!));
    await watcher.connect();
    const session = open(context, { url: wire.url });
    await session.connect();
    wire.cut();
    const published = session.publish(topics.frame, { site: "lab", device, id: "kept" }, new Uint8Array(3));
    const { connects } = session;
    await waitUntil(
      "it has tried",
      () => session.connects,
      (now) => now >= connects + 5,
    );
    wire.mend();
    assert.ok(await published);
    await inbox.until((all) => all.includes("kept"));
  });
});
