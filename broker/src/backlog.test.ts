import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AedesPublishPacket } from "aedes";
import { Backlog } from "./backlog.ts";
import { configSchema } from "./config.ts";
import { Connection } from "./connection.ts";
import { KeptTotal } from "./kept-bytes.ts";
import { SlowLink } from "./test-link.ts";

const { limits } = configSchema.parse({
  limits: { unsentBytes: 200_000, unsentBytesMax: 500_000, pacingRate: 1000, drainTimeout: "0ms" },
});

/** A client behind by `bytes` that its link takes when told to, and a publisher to it. */
function scene(bytes: number) {
  const link = new SlowLink();
  const receiver = new Connection(link, 4096, new KeptTotal(4096));
  const publisherLink = new SlowLink();
  const publisher = new Connection(publisherLink, 4096, new KeptTotal(4096));
  const backlog = new Backlog(limits, (clientId) => (clientId === "publisher" ? publisher : undefined));
  receiver.on("error", () => undefined);
  receiver.write(Buffer.alloc(bytes));
  const message = (qos: 0 | 1, messageId?: number) =>
    ({
      cmd: "publish",
      topic: "a",
      payload: "",
      qos,
      clientId: "publisher",
      messageId,
    }) as unknown as AedesPublishPacket;
  return { link, receiver, publisherLink, backlog, message };
}

describe("Backlog", () => {
  it("sends while less than the limit waits, then drops QoS 0, then ends the connection", () => {
    const low = scene(190_000);
    assert.equal(low.backlog.admit(low.receiver, low.message(0)), "send");
    const middle = scene(210_000);
    assert.equal(middle.backlog.admit(middle.receiver, middle.message(0)), "drop");
    assert.equal(middle.backlog.admit(middle.receiver, middle.message(1)), "send");
    const high = scene(510_000);
    assert.equal(high.backlog.admit(high.receiver, high.message(1, 7)), "send", "a session being resumed");
    assert.equal(high.backlog.admit(high.receiver, high.message(1)), "end");
    assert.equal(high.receiver.reason, "unsent-limit");
  });

  it("holds a publisher while a client that takes its bytes is behind, and no longer", async () => {
    const { link, receiver, publisherLink, backlog, message } = scene(300_000);
    link.take();
    backlog.admit(receiver, message(1));
    assert.ok(publisherLink.paused);
    const released = new Promise<void>((resolve) => {
      publisherLink.onResume = resolve;
    });
    while (link.take());
    await released;
    assert.ok(!publisherLink.paused);
  });

  it("releases the publisher of a client that leaves", async () => {
    const { link, receiver, publisherLink, backlog, message } = scene(300_000);
    link.take();
    backlog.admit(receiver, message(1));
    assert.ok(publisherLink.paused);
    const released = new Promise<void>((resolve) => {
      publisherLink.onResume = resolve;
    });
    receiver.destroy();
    await released;
  });

  it("holds nobody for a client that takes nothing", () => {
    const { receiver, publisherLink, backlog, message } = scene(300_000);
    backlog.admit(receiver, message(1));
    assert.ok(!publisherLink.paused);
  });

  it("counts what small messages take beside their bytes", () => {
    const { receiver, backlog, message } = scene(0);
    for (let written = 0; written < 10_000; written += 5) receiver.write(Buffer.alloc(5));
    assert.ok(receiver.unsentBytes < 200_000);
    assert.equal(backlog.admit(receiver, message(0)), "drop");
  });

  it("ends in its sweep the one with the most waiting when all together have too much", () => {
    const scenes = [scene(100_000), scene(150_000), scene(100_000)];
    const roomy = new Backlog(
      { ...limits, drainTimeout: 1_000_000, unsentBytesTotal: 300_000 },
      () => undefined,
    );
    roomy.sweep(scenes.map(({ receiver }) => receiver));
    assert.deepEqual(
      scenes.map(({ receiver }) => receiver.reason),
      [undefined, "unsent-total", undefined],
    );
  });

  it("ends in its sweep who holds too much or takes nothing, and nobody else", () => {
    const [idle, stalled, over] = [scene(0), scene(1000), scene(600_000)];
    idle.backlog.sweep([idle.receiver, stalled.receiver, over.receiver]);
    assert.deepEqual(
      [idle, stalled, over].map(({ receiver }) => receiver.reason),
      [undefined, "not-draining", "unsent-limit"],
    );
  });
});
