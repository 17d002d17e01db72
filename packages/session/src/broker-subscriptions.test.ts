import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WORKER_GROUP } from "@meanet/protocol";
import { edgeStatus, fresh, Inbox, reconnect, shareBroker, topics } from "./sessions-for-tests.ts";
import { startMosquitto } from "./testing/index.ts";

const { open, openWireTo } = shareBroker();

describe("subscriptions", () => {
  test("are made again after a reconnect, on a clean session too", async (context) => {
    const wire = await openWireTo(context);
    const device = fresh("device");
    const inbox = new Inbox<string>();
    const session = open(context, { url: wire.url });
    session.subscribe(topics.label, { device }, ({ params }) => inbox.put(params.id));
    await session.connect();
    await reconnect(session, wire);
    assert.ok(session.ready);
    const publisher = open(context);
    await publisher.connect();
    await publisher.publish(topics.label, { site: "lab", device, id: "after" }, { label: 1 });
    assert.deepEqual(await inbox.until((all) => all.length > 0), ["after"]);
  });

  test("can be made while connected, and ended", async (context) => {
    const device = fresh("device");
    const inbox = new Inbox<string>();
    const session = open(context);
    await session.connect();
    const label = (id: string) => session.publish(topics.label, { site: "lab", device, id }, { label: 1 });
    const subscribed = session.subscribe(topics.label, { device }, ({ params }) => inbox.put(params.id));
    await label("first");
    await inbox.until((all) => all.length === 1);
    await subscribed.unsubscribe();
    await label("second");
    session.subscribe(topics.label, { device }, ({ params }) => inbox.put(params.id));
    await label("third");
    assert.deepEqual(await inbox.until((all) => all.length === 2), ["first", "third"]);
  });

  test("that are ended leave those of another handler of the same filter", async (context) => {
    const device = fresh("device");
    const inbox = new Inbox<string>();
    const session = open(context);
    const take = ({ params }: { readonly params: { readonly id: string } }) => inbox.put(params.id);
    const first = session.subscribe(topics.label, { device }, take);
    session.subscribe(topics.label, { device }, take);
    await session.connect();
    await first.unsubscribe();
    await session.publish(topics.label, { site: "lab", device, id: "still" }, { label: 1 });
    assert.deepEqual(await inbox.until((all) => all.length > 0), ["still"]);
  });

  test("that are ended have delivered what the broker had queued", async (context) => {
    const narrow = await startMosquitto(["max_inflight_messages 2"]);
    context.after(() => narrow.stop());
    const device = fresh("device");
    const held: (() => void)[] = [];
    const inbox = new Inbox<string>();
    const leaving = open(context, { url: narrow.url, status: edgeStatus });
    let releasing = false;
    const subscribed = leaving.subscribe(
      topics.label,
      { device },
      ({ params, acknowledge }) => {
        inbox.put(params.id);
        if (releasing) acknowledge();
        else held.push(acknowledge);
      },
      { acknowledge: "by-handler" },
    );
    await leaving.connect();
    const publisher = open(context, { url: narrow.url });
    await publisher.connect();
    const ids = Array.from({ length: 50 }, (_, index) => `l-${index}`);
    await Promise.all(
      ids.map((id) => publisher.publish(topics.label, { site: "lab", device, id }, { label: 1 })),
    );
    await inbox.until((items) => items.length === 2);
    const ended = subscribed.unsubscribe();
    releasing = true;
    for (const acknowledge of held) acknowledge();
    await ended;
    assert.deepEqual(inbox.items, ids);
    assert.equal(leaving.invalidMessages, 0);
  });

  test("can be ended several at once, without waiting for a time limit", {
    timeout: 300_000,
  }, async (context) => {
    const session = open(context, { status: edgeStatus });
    const several = ["a", "b", "c"].map((device) =>
      session.subscribe(topics.label, { device }, () => undefined),
    );
    await session.connect();
    // The limit of an unsubscribe stands still.
    context.mock.timers.enable({ apis: ["setTimeout"] });
    await Promise.all(several.map((one) => one.unsubscribe()));
    context.mock.timers.reset();
    assert.equal(session.invalidMessages, 0);
  });

  test("of a share group get each message once, all of them together", async (context) => {
    const edge = fresh("edge");
    const group = `${WORKER_GROUP}-${edge}`;
    const all = new Inbox<string>();
    const byMember = [0, 0, 0];
    for (const member of byMember.keys()) {
      const worker = open(context);
      worker.subscribe(
        topics.label,
        { device: edge },
        ({ params }) => {
          byMember[member] = byMember[member]! + 1;
          all.put(params.id);
        },
        { group },
      );
      await worker.connect();
    }
    const publisher = open(context);
    await publisher.connect();
    const ids = Array.from({ length: 60 }, (_, index) => `l-${index}`);
    await Promise.all(
      ids.map((id) => publisher.publish(topics.label, { site: "lab", device: edge, id }, { label: 1 })),
    );
    await all.until((items) => items.length === 60);
    assert.deepEqual([...all.items].sort(), [...ids].sort());
    assert.ok(
      byMember.every((share) => share > 0),
      `shares ${byMember.join("/")}`,
    );
  });
});
