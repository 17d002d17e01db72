import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { fresh, Inbox, reconnect, shareBroker, topics } from "./sessions-for-tests.ts";

const { open, openWireTo } = shareBroker();

describe("deferred acknowledgement", () => {
  /** A persistent session behind a wire, and a publisher of frames. */
  async function frames(context: TestContext) {
    const wire = await openWireTo(context);
    const device = fresh("device");
    const received = new Inbox<{ id: string; redelivered: boolean; acknowledge: () => void }>();
    const session = open(context, { url: wire.url, clean: false });
    const subscribed = session.subscribe(
      topics.frame,
      { device },
      ({ params, redelivered, acknowledge }) => received.put({ id: params.id!, redelivered, acknowledge }),
      { acknowledge: "by-handler" },
    );
    await session.connect();
    const publisher = open(context);
    await publisher.connect();
    const publish = (...ids: string[]) => {
      return Promise.all(
        ids.map((id) => publisher.publish(topics.frame, { site: "lab", device, id }, Buffer.from(id))),
      );
    };
    const idsAfter = (start: number) => received.items.slice(start).map(({ id }) => id);
    return { wire, session, device, subscribed, received, publish, idsAfter };
  }

  test("what was not acknowledged comes again after the connection was lost, and only that", async (context) => {
    const { wire, session, received, publish, idsAfter } = await frames(context);
    await publish("a", "b", "c", "d", "e");
    const items = await received.until((all) => all.length === 5);
    // Out of order, and one of them twice.
    for (const id of ["d", "b", "b"]) items.find((item) => item.id === id)!.acknowledge();
    // The broker has read both acknowledgements when it answers what was sent behind them.
    await session.publish(topics.label, { site: "lab", device: "x", id: "x" }, { label: 1 });
    await reconnect(session, wire);
    await publish("last");
    await received.until((all) => all.at(-1)!.id === "last");
    assert.deepEqual(idsAfter(5), ["a", "c", "e", "last"]);
    assert.ok(received.items.slice(5, 8).every(({ redelivered }) => redelivered));
  });

  test("an acknowledgement for an earlier connection is not sent on the next", async (context) => {
    const { wire, session, received, publish, idsAfter } = await frames(context);
    await publish("a");
    const [first] = await received.until((all) => all.length === 1);
    await reconnect(session, wire);
    await received.until((all) => all.length === 2);
    first!.acknowledge();
    await session.publish(topics.label, { site: "lab", device: "x", id: "x" }, { label: 1 });
    await reconnect(session, wire);
    const third = (await received.until((all) => all.length === 3))[2]!;
    third.acknowledge();
    await session.publish(topics.label, { site: "lab", device: "x", id: "x" }, { label: 1 });
    await reconnect(session, wire);
    await publish("last");
    await received.until((all) => all.at(-1)!.id === "last");
    assert.deepEqual(idsAfter(0), ["a", "a", "a", "last"]);
  });

  test("what waits for a persistent session comes in the same breath as the connection, and can be acknowledged", async (context) => {
    const { wire, session, received, publish, idsAfter } = await frames(context);
    wire.cut();
    // Something of its own to send first: mqtt.js says "connect" only when that is acknowledged.
    const backlog = Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        return session.publish(topics.label, { site: "lab", device: "x", id: `l-${index}` }, { label: 1 });
      }),
    );
    await publish("a", "b");
    wire.mend();
    const items = await received.until((all) => all.length === 2);
    for (const { acknowledge } of items) acknowledge();
    await backlog;
    await session.publish(topics.label, { site: "lab", device: "x", id: "x" }, { label: 1 });
    await reconnect(session, wire);
    await publish("last");
    await received.until((all) => all.at(-1)!.id === "last");
    assert.deepEqual(idsAfter(0), ["a", "b", "last"]);
  });

  test("what comes for a subscription that could not be ended at the broker is not acknowledged", async (context) => {
    const { wire, session, device, subscribed, publish } = await frames(context);
    wire.cut();
    await subscribed.unsubscribe();
    await publish("a");
    wire.mend();
    // The broker sends what it kept right behind the connection, so before it answers this.
    await session.publish(topics.label, { site: "lab", device: "x", id: "x" }, { label: 1 });
    assert.equal(session.invalidMessages, 0);
    await session.close();

    const inbox = new Inbox<string>();
    const next = open(context, { node: session.node, clean: false });
    next.subscribe(topics.frame, { device }, ({ params }) => inbox.put(params.id!));
    await next.connect();
    await publish("last");
    assert.deepEqual(await inbox.until((all) => all.includes("last")), ["a", "last"]);
  });

  test("the socket goes on being read while many wait", async (context) => {
    const { received, publish } = await frames(context);
    const ids = Array.from({ length: 80 }, (_, index) => `f-${index}`);
    await publish(...ids);
    await received.until((all) => all.length === 80);
    assert.deepEqual(
      received.items.map(({ id }) => id),
      ids,
    );
  });
});
