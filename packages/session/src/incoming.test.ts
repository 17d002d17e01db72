import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fresh, Inbox, reconnect, shareBroker, topics } from "./sessions-for-tests.ts";

const { open, openWireTo } = shareBroker();

test("a message goes to the first handler that it fits; levels that are fixed are held", async (context) => {
  const device = fresh("device");
  const inbox = new Inbox<string>();
  const session = open(context);
  session.subscribe(topics.label, { device, id: "special" }, () => inbox.put("special"));
  session.subscribe(topics.label, { device }, ({ params }) => inbox.put(params.id));
  await session.connect();
  await session.publish(topics.label, { site: "lab", device, id: "special" }, { label: 1 });
  await session.publish(topics.label, { site: "lab", device, id: "plain" }, { label: 1 });
  await inbox.until((all) => all.includes("plain"));
  // Overlapping subscriptions: the broker may deliver once per subscription [MQTT-3.3.5-1].
  assert.deepEqual([...new Set(inbox.items)], ["special", "plain"]);
});

describe("what is wrong with a message", () => {
  test("a payload or topic that does not fit is counted, told and acknowledged, and the next arrives", async (context) => {
    const device = fresh("device");
    const invalid: string[] = [];
    const inbox = new Inbox<string>();
    const session = open(context, { clean: false });
    session.subscribe(topics.label, { device }, ({ params }) => inbox.put(params.id), {
      acknowledge: "by-handler",
      onInvalid: (error, name) => void invalid.push(`${error.code} ${name}`),
    });
    await session.connect();
    const raw = (name: string, payload: string) => {
      return session.publishBytes(name, Buffer.from(payload), { qos: 1, retain: false });
    };
    await raw(`meanet/v1/lab/${device}/label/bad`, "{");
    await raw(`meanet/v1/lab/${device}/label/Not_An_Id`, '{"label":1}');
    await raw(`meanet/v1/lab/${device}/label/good`, '{"label":1}');
    assert.deepEqual(await inbox.until((all) => all.length > 0), ["good"]);
    assert.equal(session.invalidMessages, 2);
    assert.deepEqual(invalid, [`PAYLOAD_INVALID meanet/v1/lab/${device}/label/bad`]);
  });

  test("a retained message that was cleared is told to whom it concerns, and invalid for others", async (context) => {
    const told = fresh("node");
    const untold = fresh("node");
    const cleared: string[] = [];
    const inbox = new Inbox<string>();
    const session = open(context);
    session.subscribe(topics.status, { node: told }, () => undefined, {
      onCleared: ({ site, node }) => void cleared.push(`${site}/${node}`),
    });
    session.subscribe(topics.status, { node: untold }, () => inbox.put("status"), {
      onInvalid: () => inbox.put("invalid"),
    });
    await session.connect();
    for (const node of [told, untold]) {
      const name = topics.status.format({ site: "lab", node });
      await session.publishBytes(name, new Uint8Array(), { qos: 1, retain: true });
    }
    assert.deepEqual(await inbox.until((all) => all.length > 0), ["invalid"]);
    assert.deepEqual([cleared, session.invalidMessages], [[`lab/${told}`], 1]);
  });

  test("a handler that throws hurts no other message, and its message does not come again", async (context) => {
    const wire = await openWireTo(context);
    const device = fresh("device");
    const inbox = new Inbox<string>();
    const session = open(context, { url: wire.url, clean: false });
    session.subscribe(
      topics.label,
      { device },
      ({ params, acknowledge }) => {
        inbox.put(params.id);
        if (params.id === "poison") throw new Error("handler");
        acknowledge();
      },
      { acknowledge: "by-handler" },
    );
    await session.connect();
    const label = (id: string) => session.publish(topics.label, { site: "lab", device, id }, { label: 1 });
    await label("poison");
    await label("good");
    await inbox.until((all) => all.length === 2);
    await reconnect(session, wire);
    await label("last");
    assert.deepEqual(await inbox.until((all) => all.includes("last")), ["poison", "good", "last"]);
  });
});
