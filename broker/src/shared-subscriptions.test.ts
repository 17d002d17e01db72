import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import {
  closeOf,
  connectPacket,
  disconnectPacket,
  Inbox,
  startBroker,
  subscribePacket,
  type TestBroker,
} from "./test-broker.ts";

/** Bytes of a CONNACK and the SUBACK of one filter. */
const SUBACK_END = 4 + 5;

async function connect(
  t: TestContext,
  broker: TestBroker,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0, ...options });
  t.after(() => client.endAsync(true));
  return client;
}

/** A member of the group with an inbox that also shows plain messages to `barrier`. */
async function member(
  t: TestContext,
  broker: TestBroker,
  filter: string,
  qos: 0 | 1,
  options: IClientOptions = {},
): Promise<{ client: MqttClient; inbox: Inbox }> {
  const client = await connect(t, broker, options);
  const inbox = new Inbox(client);
  await client.subscribeAsync({ [filter]: { qos }, barrier: { qos: 1 } });
  return { client, inbox };
}

/** Publishes 0 … count-1, then what tells that nothing more will come. */
async function publishAll(publisher: MqttClient, topic: string, count: number, qos: 0 | 1): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, index) => publisher.publishAsync(topic, `${index}`, { qos })),
  );
  await publisher.publishAsync("barrier", "end", { qos: 1 });
}

const numbers = (payloads: readonly string[]) =>
  payloads
    .filter((payload) => payload !== "end")
    .map(Number)
    .sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("shared subscriptions", { timeout: 300_000 }, () => {
  for (const qos of [0, 1] as const) {
    it(`split 300 messages of QoS ${qos} over 3 members, each message to one`, async (t) => {
      const broker = await startBroker(t);
      const members = [];
      for (let index = 0; index < 3; index++) {
        members.push(
          await member(t, broker, "$share/workers/site/+/complex/+", qos, {
            clean: index !== 2,
            clientId: `m${index}`,
          }),
        );
      }
      const publisher = await connect(t, broker);
      await publishAll(publisher, "site/edge/complex/a", 300, qos);
      await Promise.all(members.map(({ inbox }) => inbox.has("end")));
      assert.deepEqual(numbers(members.flatMap(({ inbox }) => inbox.payloads)), upTo(300));
      for (const { inbox } of members)
        assert.ok(inbox.payloads.length > 50, `uneven: ${inbox.payloads.length}`);
    });
  }

  it("give every group all messages, and a plain subscriber as well", async (t) => {
    const broker = await startBroker(t);
    const groups = [
      [await member(t, broker, "$share/one/a/#", 1), await member(t, broker, "$share/one/a/#", 1)],
      [await member(t, broker, "$share/two/a/+", 1)],
      [await member(t, broker, "a/b", 1)],
    ];
    await publishAll(await connect(t, broker), "a/b", 100, 1);
    for (const members of groups) {
      await Promise.all(members.map(({ inbox }) => inbox.has("end")));
      assert.deepEqual(numbers(members.flatMap(({ inbox }) => inbox.payloads)), upTo(100));
    }
  });

  it("give a client in two groups a copy of each, and one more for its plain subscription", async (t) => {
    const broker = await startBroker(t);
    for (const clean of [true, false]) {
      const { client, inbox } = await member(t, broker, "$share/one/b/#", 1, {
        clean,
        clientId: `twice-${clean}`,
      });
      await client.subscribeAsync({ "$share/two/b/#": { qos: 1 }, "b/c": { qos: 1 } });
      await publishAll(client, "b/c", 20, 1);
      await inbox.has("end");
      assert.deepEqual(
        numbers(inbox.payloads),
        upTo(20).flatMap((value) => [value, value, value]),
      );
      await client.endAsync();
    }
  });

  it("pass what a killed member had not acknowledged to the others", async (t) => {
    const broker = await startBroker(t);
    const filter = "$share/g/jobs/#";
    const steady = [await member(t, broker, filter, 1), await member(t, broker, filter, 1)];
    const doomed = await connect(t, broker, { clientId: "doomed" });
    const held: string[] = [];
    const oneHeld = new Promise<void>((resolve) => {
      // Acknowledges nothing.
      doomed.handleMessage = ({ payload }) => {
        held.push(payload.toString());
        resolve();
      };
    });
    await doomed.subscribeAsync(filter, { qos: 1 });
    const publisher = await connect(t, broker);
    const first = Promise.all(
      upTo(150).map((value) => publisher.publishAsync("jobs/x", `${value}`, { qos: 1 })),
    );
    await oneHeld;
    doomed.stream.destroy();
    await first;
    for (const value of upTo(150)) await publisher.publishAsync("jobs/x", `${150 + value}`, { qos: 1 });
    const all = () => new Set(steady.flatMap(({ inbox }) => numbers(inbox.payloads)));
    await Promise.race(steady.map(({ inbox }) => inbox.until(() => all().size === 300)));
    const received = numbers(steady.flatMap(({ inbox }) => inbox.payloads));
    assert.deepEqual(received, upTo(300), "each exactly once among the living");
    assert.ok(held.length > 0);
  });

  it("prefer the member that owes the fewest acknowledgements", async (t) => {
    const broker = await startBroker(t);
    const busy = await connect(t, broker, { clientId: "busy" });
    let taken = 0;
    busy.handleMessage = () => {
      taken++;
    };
    await busy.subscribeAsync("$share/g/c", { qos: 1 });
    const { inbox } = await member(t, broker, "$share/g/c", 1);
    const publisher = await connect(t, broker);
    for (const value of upTo(50)) {
      await publisher.publishAsync("c", `${value}`, { qos: 1 });
      // Either of them has it by the time a message behind it is through.
      await publisher.publishAsync("barrier", `seen ${value}`, { qos: 1 });
      await inbox.has(`seen ${value}`);
    }
    assert.equal(taken, 1, "the first only, which it still owes");
    assert.equal(inbox.topics.filter((topic) => topic === "c").length, 49);
  });

  it("leave all messages to the members that stay", async (t) => {
    const broker = await startBroker(t);
    const staying = await member(t, broker, "$share/g/d", 1);
    const leaving = await member(t, broker, "$share/g/d", 1);
    await leaving.client.unsubscribeAsync("$share/g/d");
    await publishAll(await connect(t, broker), "d", 30, 1);
    await Promise.all([staying.inbox.has("end"), leaving.inbox.has("end")]);
    assert.deepEqual(numbers(staying.inbox.payloads), upTo(30));
    assert.deepEqual(numbers(leaving.inbox.payloads), []);
  });

  it("keep $ topics from groups that begin with a wildcard, and retained messages from all groups", async (t) => {
    const broker = await startBroker(t);
    const publisher = await connect(t, broker);
    await publisher.publishAsync("e/f", "retained", { qos: 1, retain: true });
    const { inbox } = await member(t, broker, "$share/g/#", 1);
    await publisher.publishAsync("e/f", "live", { qos: 1 });
    await publisher.publishAsync("barrier", "end", { qos: 1 });
    await inbox.until((payloads) => payloads.filter((payload) => payload === "end").length === 2);
    assert.deepEqual(
      inbox.payloads.filter((payload) => payload !== "end"),
      ["live"],
    );
  });

  it("refuse a group without a name or without a filter", async (t) => {
    const broker = await startBroker(t);
    const client = await connect(t, broker);
    for (const filter of ["$share/g", "$share//a", "$share/+/a"]) {
      await assert.rejects(client.subscribeAsync(filter), /Unspecified error|128/, filter);
    }
  });

  it("keep no more for a member that acknowledges nothing than for a session, and count the rest", async (t) => {
    const broker = await startBroker(t, { limits: { queuedMessages: 10 } });
    const mute = await broker.socket();
    let received = 0;
    const subscribed = new Promise<void>((resolve) => {
      mute.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received >= SUBACK_END) resolve();
      });
    });
    mute.write(Buffer.concat([connectPacket("mute"), subscribePacket(["$share/g/o"], 1)]));
    await subscribed;
    const publisher = await connect(t, broker);
    for (const value of upTo(25)) await publisher.publishAsync("o", `${value}`, { qos: 1 });
    // The broker acknowledges before it passes on.
    await publisher.publishAsync("b", "", { qos: 1 });
    assert.equal(await broker.metric('meanet_broker_dropped_messages_total{reason="session-queue-full"'), 15);
    const { inbox } = await member(t, broker, "$share/g/o", 1);
    mute.destroy();
    await inbox.until((payloads) => payloads.length === 10);
    await publishAll(publisher, "o", 0, 1);
    await inbox.has("end");
    assert.deepEqual(numbers(inbox.payloads), upTo(10));
  });

  describe("with sessions", () => {
    it("give a member that is away nothing while another is here, and queue for it when none is", async (t) => {
      const broker = await startBroker(t);
      const session = { clientId: "session", clean: false };
      const away = await member(t, broker, "$share/g/h", 1, session);
      const here = await member(t, broker, "$share/g/h", 1);
      await away.client.endAsync();
      const publisher = await connect(t, broker);
      for (const value of upTo(10)) await publisher.publishAsync("h", `${value}`, { qos: 1 });
      await publisher.publishAsync("barrier", "end", { qos: 1 });
      await here.inbox.has("end");
      assert.deepEqual(numbers(here.inbox.payloads), upTo(10));
      await here.client.endAsync();
      await publishAll(publisher, "h", 10, 1);
      assert.equal(await broker.metric('meanet_broker_dropped_messages_total{reason="share-no-member"'), 0);

      const client = mqtt.connect(broker.url, { ...session, reconnectPeriod: 0, manualConnect: true });
      const inbox = new Inbox(client);
      client.connect();
      t.after(() => client.endAsync(true));
      await inbox.until((payloads) => numbers(payloads).length === 10);
      assert.deepEqual(numbers(inbox.payloads), upTo(10));
    });

    it("give a member back what it had not acknowledged, marked as redelivered", async (t) => {
      const broker = await startBroker(t);
      const session = { clientId: "session", clean: false };
      const first = await connect(t, broker, session);
      const unacknowledged: number[] = [];
      const three = new Promise<void>((resolve) => {
        first.handleMessage = ({ payload }, done) => {
          const value = Number(payload);
          if (value >= 3) {
            unacknowledged.push(value);
            if (unacknowledged.length === 1) resolve();
            return;
          }
          done();
        };
      });
      await first.subscribeAsync("$share/g/i", { qos: 1 });
      const publisher = await connect(t, broker);
      for (const value of upTo(6)) await publisher.publishAsync("i", `${value}`, { qos: 1 });
      await three;
      first.stream.destroy();
      await new Promise<void>((resolve) => first.once("close", () => resolve()));
      const other = await member(t, broker, "$share/g/i", 1);
      await publisher.publishAsync("i", "6", { qos: 1 });
      await other.inbox.has("6");

      const second = mqtt.connect(broker.url, { ...session, reconnectPeriod: 0, manualConnect: true });
      t.after(() => second.endAsync(true));
      const again: { value: number; dup: boolean }[] = [];
      const all = new Promise<void>((resolve) => {
        second.on("message", (_topic, payload, { dup }) => {
          again.push({ value: Number(payload), dup });
          if (again.length === 3) resolve();
        });
      });
      second.connect();
      await all;
      assert.deepEqual(
        again,
        [3, 4, 5].map((value) => ({ value, dup: true })),
      );
      assert.deepEqual(numbers(other.inbox.payloads), [6]);
    });

    it("send nothing to a member that comes back before its CONNACK, and lose nothing meanwhile", async (t) => {
      const broker = await startBroker(t);
      const before = await connect(t, broker, { clientId: "raw", clean: false });
      await before.subscribeAsync("$share/g/n", { qos: 1 });
      await before.endAsync();
      const publisher = await connect(t, broker);
      let published = 0;
      for (let round = 0; round < 20; round++) {
        const socket = await broker.socket();
        const bytes: Buffer[] = [];
        const answered = new Promise<void>((resolve) => {
          socket.on("data", (chunk: Buffer) => {
            bytes.push(chunk);
            resolve();
          });
        });
        const flood = Array.from({ length: 50 }, () =>
          publisher.publishAsync("n", `${published++}`, { qos: 1 }),
        );
        socket.write(connectPacket("raw", { clean: false }));
        await Promise.all([answered, ...flood]);
        assert.equal(bytes[0]?.[0], 0x20, "CONNACK first");
        socket.destroy();
      }
      const client = mqtt.connect(broker.url, {
        clientId: "raw",
        clean: false,
        reconnectPeriod: 0,
        manualConnect: true,
      });
      t.after(() => client.endAsync(true));
      const inbox = new Inbox(client);
      client.connect();
      await inbox.until((payloads) => payloads.length === published);
      assert.deepEqual(numbers(inbox.payloads), upTo(published));
    });

    it("follow a client id to the connection that takes it over, and redeliver to it", async (t) => {
      const broker = await startBroker(t);
      const session = { clientId: "session", clean: false };
      const first = await connect(t, broker, session);
      const held = new Promise<void>((resolve) => {
        first.handleMessage = () => resolve();
      });
      await first.subscribeAsync("$share/g/l", { qos: 1 });
      const publisher = await connect(t, broker);
      await publisher.publishAsync("l", "0", { qos: 1 });
      await held;
      const second = mqtt.connect(broker.url, { ...session, reconnectPeriod: 0, manualConnect: true });
      t.after(() => second.endAsync(true));
      const inbox = new Inbox(second);
      second.connect();
      await inbox.has("0");
      await publishAll(publisher, "l", 20, 1);
      await inbox.until((payloads) => payloads.length === 21);
      assert.deepEqual(numbers(inbox.payloads), [0, ...upTo(20)]);
    });

    it("pass the queue of a session that is given up to the other members", async (t) => {
      const broker = await startBroker(t);
      const away = await member(t, broker, "$share/g/j", 1, { clientId: "session", clean: false });
      await away.client.endAsync();
      const publisher = await connect(t, broker);
      for (const value of upTo(5)) await publisher.publishAsync("j", `${value}`, { qos: 1 });
      const { inbox } = await member(t, broker, "$share/g/j", 1);
      await connect(t, broker, { clientId: "session", clean: true });
      await inbox.until((payloads) => numbers(payloads).length === 5);
      assert.deepEqual(numbers(inbox.payloads), upTo(5));
    });

    it("drop and count what no member can have", async (t) => {
      const broker = await startBroker(t);
      const away = await member(t, broker, "$share/g/k", 1, { clientId: "session", clean: false });
      await away.client.endAsync();
      const publisher = await connect(t, broker);
      await publisher.publishAsync("k", "lost", { qos: 0 });
      await publisher.publishAsync("k", "kept", { qos: 1 });
      // The broker acknowledges before it passes on: the answer to a second message comes after the first was.
      await publisher.publishAsync("k", "kept", { qos: 1 });
      assert.equal(await broker.metric('meanet_broker_dropped_messages_total{reason="share-no-member"'), 1);
    });
  });

  it("keep no member that went away in the same breath as it came", async (t) => {
    const broker = await startBroker(t);
    const socket = await broker.socket();
    const closed = closeOf(socket);
    socket.resume();
    const filters = Array.from({ length: 50 }, (_, index) => `$share/group-${index}/a`);
    socket.write(Buffer.concat([connectPacket("brief"), subscribePacket(filters, 1), disconnectPacket]));
    await closed;
    assert.equal(await broker.metric("meanet_broker_share_groups"), 0);
  });
});
