import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { hashPassword } from "@meanet/runtime";
import type { Client } from "aedes";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { configSchema } from "./config.ts";
import { Sessions } from "./sessions.ts";
import {
  connectPacket,
  Inbox,
  startBroker,
  subscribePacket,
  type TestBroker,
  unsubscribePacket,
} from "./test-broker.ts";

const session = { clientId: "session", clean: false, reconnectPeriod: 0 };

async function connect(
  t: TestContext,
  broker: TestBroker,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0, ...options });
  t.after(() => client.endAsync(true));
  return client;
}

/** The session's client comes back; its inbox misses nothing. */
function comeBack(t: TestContext, broker: TestBroker, options: IClientOptions = {}): Inbox {
  const client = mqtt.connect(broker.url, { ...session, ...options, manualConnect: true });
  t.after(() => client.endAsync(true));
  const inbox = new Inbox(client);
  client.connect();
  return inbox;
}

describe("sessions", { timeout: 300_000 }, () => {
  it("get what was published while their client was away, once for overlapping filters", async (t) => {
    const broker = await startBroker(t);
    const before = await connect(t, broker, session);
    await before.subscribeAsync({ "a/#": { qos: 1 }, "a/b": { qos: 1 } });
    await before.endAsync();
    const publisher = await connect(t, broker);
    for (let index = 0; index < 5; index++) await publisher.publishAsync("a/b", `${index}`, { qos: 1 });
    await publisher.publishAsync("a/b", "not kept", { qos: 0 });
    await publisher.publishAsync("a/end", "end", { qos: 1 });
    const inbox = comeBack(t, broker);
    await inbox.has("end");
    assert.deepEqual(inbox.payloads, ["0", "1", "2", "3", "4", "end"]);
  });

  it("keep no more than their bound, count the rest, and work on", async (t) => {
    const broker = await startBroker(t, { limits: { queuedMessages: 10 } });
    const before = await connect(t, broker, session);
    await before.subscribeAsync("a", { qos: 1 });
    await before.endAsync();
    const publisher = await connect(t, broker);
    for (let index = 0; index < 25; index++) await publisher.publishAsync("a", `${index}`, { qos: 1 });
    // The acknowledgement of the last one precedes its storage.
    await publisher.publishAsync("b", "", { qos: 1 });
    assert.equal(await broker.metric('meanet_broker_dropped_messages_total{reason="session-queue-full"'), 15);
    assert.equal(await broker.metric("meanet_broker_queued_messages{"), 10);
    const inbox = comeBack(t, broker);
    await inbox.has("9");
    assert.equal(inbox.payloads.length, 10);
    await publisher.publishAsync("a", "new", { qos: 1 });
    await inbox.has("new");
  });

  it("are bounded in bytes, each and all together", async (t) => {
    const broker = await startBroker(t, { limits: { queuedBytes: 10_000, queuedBytesTotal: 15_000 } });
    for (const clientId of ["one", "two"]) {
      const client = await connect(t, broker, { clientId, clean: false });
      await client.subscribeAsync(`for/${clientId}`, { qos: 1 });
      await client.endAsync();
    }
    const publisher = await connect(t, broker);
    for (const clientId of ["one", "two"]) {
      for (let index = 0; index < 20; index++) {
        await publisher.publishAsync(`for/${clientId}`, Buffer.alloc(1000), { qos: 1 });
      }
    }
    await publisher.publishAsync("b", "", { qos: 1 });
    const bytes = await broker.metric("meanet_broker_queued_bytes{");
    assert.ok(bytes > 12_000 && bytes <= 15_000, `${bytes}`);
  });

  it("end when their client connects clean, and when it stays away too long", async (t) => {
    const broker = await startBroker(t, { limits: { sessionExpiry: "100ms", drainTimeout: "40ms" } });
    const sessions = () => broker.metric("meanet_broker_sessions{");
    const first = await connect(t, broker, session);
    await first.subscribeAsync("a", { qos: 1 });
    assert.equal(await sessions(), 1);
    await first.endAsync();
    await (await connect(t, broker, { ...session, clean: true })).endAsync();
    assert.equal(await sessions(), 0);

    const second = await connect(t, broker, session);
    await second.subscribeAsync("a", { qos: 1 });
    await second.endAsync();
    while ((await sessions()) > 0);
    const third = mqtt.connect(broker.url, session);
    t.after(() => third.endAsync(true));
    const sessionPresent = await new Promise((resolve) => {
      third.once("connect", (connack) => resolve(connack.sessionPresent));
    });
    assert.equal(sessionPresent, false);
  });

  it("outlive a clock that is set right by years", async (t) => {
    const broker = await startBroker(t, { limits: { drainTimeout: "40ms" } });
    const first = await connect(t, broker, session);
    await first.subscribeAsync("a", { qos: 1 });
    await first.endAsync();
    t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2100, 0) });
    const expire = t.mock.method(Sessions.prototype, "expire");
    while (expire.mock.callCount() === 0) await new Promise(setImmediate);
    await expire.mock.calls[0]!.result;
    assert.equal(await broker.metric("meanet_broker_sessions{"), 1);
  });

  it("do not get messages of a filter that was denied beside a granted one", async (t) => {
    const password = await hashPassword("x");
    const user = { name: "u", password, publish: ["#"], subscribe: ["mine/#"] };
    const broker = await startBroker(t, {
      authentication: { users: [user], anonymous: { allowed: true } },
      listeners: { tcp: { host: "127.0.0.1", port: 0 } },
    });
    const credentials = { username: "u", password: "x" };
    const before = await connect(t, broker, { ...session, ...credentials });
    await before.subscribeAsync({ "mine/a": { qos: 1 }, "theirs/a": { qos: 1 } }).catch(() => undefined);
    await before.endAsync();
    const publisher = await connect(t, broker);
    await publisher.publishAsync("theirs/a", "secret", { qos: 1 });
    await publisher.publishAsync("mine/a", "end", { qos: 1 });
    const inbox = comeBack(t, broker, credentials);
    await inbox.has("end");
    assert.deepEqual(inbox.payloads, ["end"]);
  });

  it("retained messages past the bound are delivered but not kept", async (t) => {
    const broker = await startBroker(t, { limits: { retainedMessages: 3 } });
    const client = await connect(t, broker);
    const live = new Inbox(client);
    await client.subscribeAsync("r/#", { qos: 1 });
    for (const topic of ["r/1", "r/2", "r/3"])
      await client.publishAsync(topic, topic, { qos: 1, retain: true });
    await live.has("r/3");
    const late = await connect(t, broker);
    const kept = new Inbox(late);
    await late.subscribeAsync("#", { qos: 1 });
    await kept.until(({ length }) => length === 3);
    // Its own status and stats came first.
    assert.deepEqual(
      kept.topics.filter((topic) => topic.startsWith("r/")),
      ["r/1"],
    );
    assert.equal(await broker.metric('meanet_broker_dropped_messages_total{reason="retained-full"'), 2);
  });

  it("end a subscription that is taken back in the same breath, as clean connections do", async (t) => {
    for (const clean of [true, false]) {
      const broker = await startBroker(t);
      const socket = await broker.socket();
      const received: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => received.push(chunk));
      const filters = ["a", "$share/g/a"];
      socket.write(
        Buffer.concat([
          connectPacket("fickle", { clean }),
          subscribePacket(filters, 1),
          unsubscribePacket(filters),
          subscribePacket(["last"], 1),
        ]),
      );
      const publisher = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
      t.after(() => publisher.endAsync(true));
      // SUBACK of the second.
      while (!Buffer.concat(received).includes(Buffer.from([0x90, 3, 0, 1, 1]))) await once(socket, "data");
      await publisher.publishAsync("a", "unwanted", { qos: 1 });
      await publisher.publishAsync("last", "the end", { qos: 1 });
      while (!Buffer.concat(received).includes("the end")) await once(socket, "data");
      assert.ok(!Buffer.concat(received).includes("unwanted"), clean ? "clean" : "session");
    }
  });

  it("are searched for retained messages once at a time for each client, which is not read from meanwhile", async () => {
    const held = { a: 0, b: 0 };
    const sessions = new Sessions(configSchema.parse({}).limits, {
      drop: () => undefined,
      acknowledged: () => undefined,
      forgotten: () => undefined,
      searching: ({ id }) => {
        held[id as "a" | "b"] += 1;
        return () => {
          held[id as "a" | "b"] -= 1;
        };
      },
    });
    let searches = 0;
    let most = 0;
    sessions.retained.matching = async function* matching() {
      most = Math.max(most, ++searches);
      assert.ok(held.a + held.b > 0);
      await new Promise((resolve) => setImmediate(resolve));
      searches -= 1;
      yield* [];
    };
    const clients = ["a", "b"].map((id) => ({ id, closed: false }) as Client);
    const answers: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round++) {
      for (const client of clients) {
        sessions.subscribed(client);
        answers.push(sessions.createRetainedStreamCombi(["+/x"]).toArray());
      }
    }
    await Promise.all(answers);
    assert.deepEqual([most, held], [2, { a: 0, b: 0 }]);
  });

  it("give a client the retained messages of many wildcards, in one SUBSCRIBE and in many", async (t) => {
    const broker = await startBroker(t);
    const client = await connect(t, broker);
    const inbox = new Inbox(client);
    for (const topic of ["r/1", "r/2"]) await client.publishAsync(topic, topic, { qos: 1, retain: true });
    await Promise.all(["r/+", "r/#", "+/1"].map((filter) => client.subscribeAsync(filter, { qos: 1 })));
    await inbox.until((payloads) => payloads.length >= 5);
    assert.deepEqual(inbox.payloads.toSorted(), ["r/1", "r/1", "r/1", "r/2", "r/2"]);
    await client.publishAsync("r/3", "r/3", { qos: 1 });
    await inbox.has("r/3");
  });

  it("keep the identifier of a QoS 2 message until its release, not the message; without room for a session no longer than the connection", async () => {
    for (const room of [1, 0]) {
      const limits = configSchema.parse({ limits: { sessions: room, sessionExpiry: "1s" } }).limits;
      const sessions = new Sessions(limits, {
        drop: () => undefined,
        acknowledged: () => undefined,
        forgotten: () => undefined,
        searching: () => () => undefined,
      });
      const client = { id: "half", clean: false } as Client;
      const message = { cmd: "publish", topic: "a", payload: Buffer.alloc(1000), qos: 2, messageId: 7 };
      const packet = message as unknown as Parameters<Sessions["incomingStorePacket"]>[1];
      const isKept = () =>
        sessions.incomingGetPacket(client, packet).then(
          (kept) => (kept as unknown as { payload?: Buffer }).payload?.length,
          () => undefined,
        );
      await sessions.incomingStorePacket(client, packet);
      assert.equal(await isKept(), 0);
      sessions.left("half", 0);
      assert.equal(await isKept(), room === 1 ? 0 : undefined);
      await sessions.expire(1000);
      assert.equal(await isKept(), undefined);
    }
  });
});
