import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import mqtt from "mqtt";
import {
  closeOf,
  connectPacket,
  Inbox,
  packet,
  publishPacket,
  startBroker,
  subscribePacket,
  type TestBroker,
} from "./test-broker.ts";

/** A client that minds its own business, and whether it still can. */
async function bystander(t: TestContext, broker: TestBroker): Promise<() => Promise<void>> {
  const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
  t.after(() => client.endAsync(true));
  const inbox = new Inbox(client);
  await client.subscribeAsync("bystander", { qos: 1 });
  return async () => {
    await client.publishAsync("bystander", "fine", { qos: 1 });
    await inbox.has("fine");
  };
}

const limits = { connectTimeout: "250ms", maxPacketBytes: 100_000, maxTopicLevels: 8, maxClients: 20 };

interface Attack {
  readonly name: string;
  readonly reason: string;
  /** Sent in order, each after the broker answered the one before. */
  readonly packets: readonly Buffer[];
  readonly detail: RegExp;
}

const deep = Array(5000).fill("x").join("/");
const hello = connectPacket("hostile");
const attacks: readonly Attack[] = [
  {
    name: "bytes that are not MQTT",
    reason: "not-mqtt",
    packets: [Buffer.alloc(5000, 0x5a)],
    detail: /0x5a/,
  },
  {
    name: "a CONNECT that is garbage inside",
    reason: "malformed",
    packets: [packet(0x10, Buffer.alloc(30, 0xfe))],
    detail: /./,
  },
  {
    name: "garbage after a good CONNECT",
    reason: "malformed",
    packets: [hello, Buffer.from([0xf5, 2, 1, 2, 0, 0])],
    detail: /./,
  },
  {
    name: "silence",
    reason: "connect-timeout",
    packets: [Buffer.alloc(0)],
    detail: /did not arrive in time/,
  },
  {
    name: "half a CONNECT",
    reason: "connect-timeout",
    packets: [hello.subarray(0, 9)],
    detail: /did not arrive/,
  },
  {
    name: "the largest packet MQTT can announce",
    reason: "packet-too-large",
    packets: [hello, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1])],
    detail: /268435460 bytes announced, at most 100000/,
  },
  {
    name: "a packet of 2 GiB, which MQTT cannot announce",
    reason: "malformed-length",
    packets: [hello, Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x08])],
    detail: /more than four bytes/,
  },
  {
    name: "a message to a $SYS topic",
    reason: "forbidden-topic",
    packets: [hello, publishPacket("$SYS/broker/x", Buffer.from("mine"))],
    detail: /may not publish to "\$SYS/,
  },
  {
    name: "a message into a share group by name",
    reason: "forbidden-topic",
    packets: [hello, publishPacket("$share/g/a", Buffer.from("mine"))],
    detail: /\$share/,
  },
  {
    name: "a message to a topic of thousands of levels",
    reason: "topic-levels",
    packets: [hello, publishPacket(deep, Buffer.from("x"))],
    detail: /too many levels/,
  },
  {
    name: "a subscription of thousands of levels",
    reason: "topic-levels",
    packets: [hello, subscribePacket([deep], 1)],
    detail: /too many levels/,
  },
  {
    name: "a message to a wildcard",
    reason: "bad-topic",
    packets: [hello, publishPacket("a/+/b", Buffer.from("x"))],
    detail: /not allowed in PUBLISH/,
  },
  { name: "two CONNECTs", reason: "protocol-error", packets: [hello, hello], detail: /Invalid protocol/ },
];

describe("hostile clients", { timeout: 300_000 }, () => {
  for (const { name, reason, packets, detail } of attacks) {
    it(`${name}: ends with "${reason}" and hurts nobody else`, async (t) => {
      // No right can open the topics that begin with $.
      const anonymous = { publish: ["#", "$SYS/#", "$share/#"] };
      const broker = await startBroker(t, { limits, authentication: { anonymous } });
      const check = await bystander(t, broker);
      const socket = await broker.socket();
      const closed = closeOf(socket);
      socket.resume();
      for (const [index, bytes] of packets.entries()) {
        if (index > 0) await once(socket, "data");
        socket.write(bytes);
      }
      const line = await broker.ended(reason);
      assert.match(line.detail ?? "", detail);
      await closed;
      assert.equal(await broker.metric(`meanet_broker_connections_ended_total{reason="${reason}"`), 1);
      await check();
    });
  }

  it("more connections than allowed: the ones too many are refused", async (t) => {
    const broker = await startBroker(t, { limits: { ...limits, maxClients: 3 } });
    const check = await bystander(t, broker);
    const sockets = await Promise.all([broker.socket(), broker.socket(), broker.socket()]);
    await Promise.race(sockets.map((socket) => once(socket.resume(), "close")));
    await broker.ended("too-many-clients");
    await check();
  });

  it("thousands of filters in one SUBSCRIBE: granted up to the limit, refused beyond it", async (t) => {
    for (const clean of [true, false]) {
      const broker = await startBroker(t, { limits: { maxSubscriptions: 100 } });
      const check = await bystander(t, broker);
      const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0, clean, clientId: "greedy" });
      t.after(() => client.endAsync(true));
      const filters = Array.from({ length: 5000 }, (_, index) => `f/${index}`);
      const granted = await new Promise<readonly unknown[]>((resolve) => {
        client.subscribe(filters, { qos: 1 }, (_error, _requested, suback) => resolve(suback?.granted ?? []));
      });
      assert.deepEqual(granted, [...Array(100).fill(1), ...Array(4900).fill(128)]);
      assert.equal(await broker.metric("meanet_broker_denied_subscriptions_total"), 4900);
      await check();
    }
  });

  it("filters of 64 KiB each: granted up to a limit of all their bytes, and again once they are left", async (t) => {
    const broker = await startBroker(t, { limits: { subscriptionBytes: 150_000 } });
    const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    t.after(() => client.endAsync(true));
    const filters = ["a", "b", "c"].map((letter) => letter.repeat(60_000));
    await client.subscribeAsync(filters.slice(0, 2), { qos: 1 });
    await assert.rejects(client.subscribeAsync(filters[2]!, { qos: 1 }));
    await client.unsubscribeAsync(filters[0]!);
    await client.subscribeAsync(filters[2]!, { qos: 1 });
    assert.equal(await broker.metric("meanet_broker_denied_subscriptions_total"), 1);
  });

  it("a SUBSCRIBE that comes before its CONNECT is answered ends nobody's service", async (t) => {
    const broker = await startBroker(t, { limits });
    const check = await bystander(t, broker);
    const socket = await broker.socket();
    // Read in two parts of 64 KiB: with the second Aedes goes on before it has looked at who this is.
    const filters = Array.from({ length: 5000 }, (_, index) => `filter-${index}`);
    socket.write(Buffer.concat([hello, subscribePacket(filters, 1)]));
    await once(socket, "data");
    await check();
  });

  it("a subscription to $SYS is refused, and so is reading it through a wildcard", async (t) => {
    const broker = await startBroker(t);
    const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    t.after(() => client.endAsync(true));
    await assert.rejects(client.subscribeAsync("$SYS/#"));
    const inbox = new Inbox(client);
    await client.subscribeAsync("#");
    await client.publishAsync("last", "last", { qos: 1 });
    await inbox.has("last");
    assert.deepEqual(
      inbox.topics.filter((topic) => topic.startsWith("$")),
      [],
    );
  });

  it("a will to a forbidden topic is not published", async (t) => {
    const broker = await startBroker(t, { authentication: { anonymous: { publish: ["mine/#"] } } });
    const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    t.after(() => client.endAsync(true));
    const inbox = new Inbox(client);
    await client.subscribeAsync({ "#": { qos: 1 } });
    for (const topic of ["theirs/status", "mine/status"]) {
      const will = { topic, payload: Buffer.from(topic), qos: 1, retain: true } as const;
      const doomed = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0, will });
      doomed.stream.destroy();
    }
    await inbox.has("mine/status");
    assert.ok(!inbox.topics.includes("theirs/status"));
  });
});
