import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { hashPassword } from "@meanet/runtime";
import mqtt from "mqtt";
import { WebSocket } from "ws";
import {
  closeOf,
  connectPacket,
  disconnectPacket,
  Inbox,
  publishPacket,
  startBroker,
  subscribePacket,
  type TestBroker,
  unsubscribePacket,
} from "./test-broker.ts";

const user = ["esp32", "correct horse"] as const;

/** A broker that takes its time to check a password, and a client that hears everything. */
async function guarded(t: TestContext) {
  const password = await hashPassword(user[1]);
  const broker = await startBroker(t, {
    listeners: { ws: { port: 0 } },
    authentication: { users: [{ name: user[0], password }], anonymous: { allowed: true } },
  });
  const listener = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
  t.after(() => listener.endAsync(true));
  const inbox = new Inbox(listener);
  await listener.subscribeAsync(["esp32/#", "last"], { qos: 1 });
  return { broker, listener, inbox };
}

const messages = Array.from({ length: 500 }, (_, index) => `${index}`);
const burst = (connect: Buffer) =>
  Buffer.concat([
    connect,
    ...messages.map((text) => publishPacket("esp32/frame", Buffer.from(text))),
    disconnectPacket,
  ]);

describe("packets that follow a CONNECT in the same breath", { timeout: 300_000 }, () => {
  it("are all worked on, though the client is gone before its password is checked", async (t) => {
    const { broker, inbox } = await guarded(t);
    const socket = await broker.socket();
    socket.resume();
    socket.end(burst(connectPacket("esp32", { user })));
    await inbox.until(({ length }) => length === messages.length);
    assert.deepEqual(inbox.payloads, messages);
  });

  it("are all worked on over a WebSocket that is closed at once", async (t) => {
    const { broker, inbox } = await guarded(t);
    const socket = new WebSocket(`ws://127.0.0.1:${broker.running.addresses.ws!.port}`, "mqtt");
    t.after(() => socket.terminate());
    await once(socket, "open");
    socket.send(burst(connectPacket("esp32", { user })));
    socket.close();
    await inbox.until(({ length }) => length === messages.length);
    assert.deepEqual(inbox.payloads, messages);
  });

  it("are thrown away when it is refused [MQTT-3.1.4-5]", async (t) => {
    const { broker, listener, inbox } = await guarded(t);
    const socket = await broker.socket();
    socket.write(burst(connectPacket("esp32", { user: ["esp32", "wrong"] })));
    const [connack] = await once(socket, "data");
    assert.deepEqual([...(connack as Buffer)], [0x20, 2, 0, 4]);
    await listener.publishAsync("last", "last", { qos: 1 });
    await inbox.has("last");
    assert.deepEqual(inbox.payloads, ["last"]);
  });
});

const orders: readonly [name: string, isSubscribed: boolean, ...steps: ("+" | "-" | "0")[]][] = [
  ["UNSUBSCRIBE, SUBSCRIBE", true, "-", "+"],
  ["SUBSCRIBE, UNSUBSCRIBE", false, "+", "-"],
  ["UNSUBSCRIBE, SUBSCRIBE, UNSUBSCRIBE", false, "-", "+", "-"],
  ["SUBSCRIBE with another QoS, UNSUBSCRIBE, SUBSCRIBE", true, "0", "-", "+"],
  ["UNSUBSCRIBE, UNSUBSCRIBE, SUBSCRIBE, SUBSCRIBE", true, "-", "-", "+", "+"],
];

/** All bytes that come until `topic` does. */
async function receivedUntil(socket: Awaited<ReturnType<TestBroker["socket"]>>, topic: string) {
  let received = "";
  while (!received.includes(topic))
    received += ((await once(socket, "data"))[0] as Buffer).toString("latin1");
  return received;
}

describe("SUBSCRIBE and UNSUBSCRIBE in one segment", { timeout: 300_000 }, () => {
  for (const [name, isSubscribed, ...steps] of orders) {
    for (const filter of ["news/now", "$share/readers/news/now"]) {
      for (const clean of [true, false]) {
        it(`${name} of ${filter}, ${clean ? "clean" : "with a session"}: as one after the other`, async (t) => {
          const broker = await startBroker(t);
          const packets = {
            "+": subscribePacket([filter], 1),
            "0": subscribePacket([filter], 0),
            "-": unsubscribePacket([filter]),
          };
          const hello = connectPacket("reader", { clean });
          const ask = [publishPacket("news/now", Buffer.from("x")), publishPacket("end", Buffer.from("x"))];
          const first = await broker.socket();
          first.write(hello);
          await once(first, "data");
          first.write(Buffer.concat([subscribePacket([filter, "end"], 1)]));
          await once(first, "data");
          first.write(Buffer.concat([...steps.map((step) => packets[step]), ...ask]));
          assert.equal((await receivedUntil(first, "end")).includes("news/now"), isSubscribed);
          // And still when all of it is over.
          first.write(Buffer.concat(ask));
          assert.equal((await receivedUntil(first, "end")).includes("news/now"), isSubscribed);
          if (clean) return;
          // The session remembers the same.
          first.write(disconnectPacket);
          await closeOf(first);
          const second = await broker.socket();
          second.write(Buffer.concat([hello, ...ask]));
          assert.equal((await receivedUntil(second, "end")).includes("news/now"), isSubscribed);
        });
      }
    }
  }
});
