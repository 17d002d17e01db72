import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import { type Status, topicsUnder, WORKER_GROUP } from "@meanet/protocol";
import { createLog, isMeanetError } from "@meanet/runtime";
import { type Message, MqttSession, mqttConfigSchema, type SessionOptions } from "./index.ts";
import { freePort, type Mosquitto, openWire, startMosquitto, type Wire } from "./testing/index.ts";

let mosquitto: Mosquitto;
before(async () => {
  // Unacknowledged messages beyond 20 would wait at the broker.
  mosquitto = await startMosquitto(["max_inflight_messages 100"]);
});
after(() => mosquitto.stop());

const topics = topicsUnder();
let count = 0;
/** Names of its own for every session, since the broker is shared. */
const fresh = (kind: string) => `${kind}-${++count}`;

interface Given extends Partial<Omit<SessionOptions, "mqtt">> {
  readonly url?: string;
}

function open(context: TestContext, { url = mosquitto.url, ...options }: Given = {}): MqttSession {
  const session = new MqttSession({
    mqtt: mqttConfigSchema.parse({ url, reconnectInterval: "20ms" }),
    node: fresh("node"),
    site: "lab",
    log: createLog("test", "silent"),
    ...options,
  });
  context.after(() => session.close(500));
  return session;
}

async function reconnect(session: MqttSession, wire: Wire): Promise<void> {
  const lost = new Promise<void>((resolve) => {
    const stop = session.onConnected((connected) => {
      if (connected) return;
      stop();
      resolve();
    });
  });
  wire.cut();
  await lost;
  wire.mend();
  await session.whenConnected(5_000);
}

/** Collects what arrives, and tells when there is enough. */
class Inbox<T> {
  readonly items: T[] = [];
  readonly #events = new EventEmitter();

  readonly put = (item: T): void => {
    this.items.push(item);
    this.#events.emit("item");
  };

  async until(enough: (items: readonly T[]) => boolean): Promise<readonly T[]> {
    while (!enough(this.items)) await once(this.#events, "item");
    return this.items;
  }
}

const edgeStatus = { kind: "edge", version: "1.0.0", models: ["m@1.0.0"] } as const;

async function watchStatus(context: TestContext, node: string): Promise<Inbox<Status["state"]>> {
  const states = new Inbox<Status["state"]>();
  const watcher = open(context);
  watcher.subscribe(topics.status, { node }, ({ value }) => states.put(value.state));
  await watcher.connect();
  return states;
}

describe("will of another convention", () => {
  test("is asked for every CONNECT, and the broker publishes the one of the connection that was lost", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
    const node = fresh("node");
    const status = { state: "offline", kind: "edge", version: "", models: [] } as const;
    const lost = new Inbox<number>();
    const watcher = open(context);
    watcher.subscribe(topics.status, { node }, ({ value }) => lost.put(value.since));
    await watcher.connect();
    const will = (connects: number) => ({
      topic: topics.status.format({ site: "lab", node }),
      payload: topics.status.encode({ ...status, since: connects }),
      ...({ qos: 1, retain: false } as const),
    });
    const session = open(context, { url: wire.url, will });
    await session.connect();
    assert.equal(session.connects, 1);
    await reconnect(session, wire);
    await lost.until((items) => items.length === 1);
    assert.equal(session.connects, 2);
    await reconnect(session, wire);
    assert.deepEqual(await lost.until((items) => items.length === 2), [0, 1]);
  });
});

describe("status of a node", () => {
  test("is online on connect, offline when it vanishes, online again, and stopped after a clean stop", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
    const node = fresh("edge");
    const states = await watchStatus(context, node);
    const session = open(context, { url: wire.url, node, status: edgeStatus });
    await session.connect();
    await states.until((seen) => seen.length === 1);
    wire.cut();
    await states.until((seen) => seen.length === 2);
    wire.mend();
    await states.until((seen) => seen.length === 3);
    await session.close();
    await states.until((seen) => seen.length === 4);
    assert.deepEqual(states.items, ["online", "offline", "online", "stopped"]);
  });

  test("is retained, with kind, version and models", async (context) => {
    const node = fresh("edge");
    const session = open(context, { node, status: edgeStatus });
    await session.connect();
    session.setModels(["m@2.0.0"]);
    const late = open(context);
    const seen = new Inbox<Message<string, Status>>();
    late.subscribe(topics.status, { node }, seen.put);
    await late.connect();
    const items = await seen.until((all) => all.some(({ value }) => value.models[0] === "m@2.0.0"));
    const last = items.at(-1)!.value;
    assert.deepEqual(
      { ...last, since: 0 },
      { state: "online", ...edgeStatus, models: ["m@2.0.0"], since: 0 },
    );
  });

  test("is not published by a session that has none", async (context) => {
    const node = fresh("tool");
    const states = await watchStatus(context, node);
    const tool = open(context, { node });
    await tool.connect();
    await tool.close();
    // What comes next on the same connection would have come after it.
    const other = open(context, { node, status: edgeStatus });
    await other.connect();
    assert.deepEqual(await states.until((seen) => seen.length > 0), ["online"]);
  });
});

describe("deferred acknowledgement", () => {
  /** A persistent session behind a wire, and a publisher of frames. */
  async function frames(context: TestContext) {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
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

describe("subscriptions", () => {
  test("are made again after a reconnect, on a clean session too", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
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
    timeout: 30_000,
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

  test("give a message to the first handler that it fits, and levels that are fixed are held", async (context) => {
    const device = fresh("device");
    const seen: string[] = [];
    const inbox = new Inbox<string>();
    const session = open(context);
    session.subscribe(topics.label, { device, id: "special" }, () => inbox.put("special"));
    session.subscribe(topics.label, { device }, ({ params }) => inbox.put(params.id));
    await session.connect();
    await session.publish(topics.label, { site: "lab", device, id: "special" }, { label: 1 });
    await session.publish(topics.label, { site: "lab", device, id: "plain" }, { label: 1 });
    await inbox.until((all) => all.includes("plain"));
    // Overlapping subscriptions: the broker may deliver once per subscription [MQTT-3.3.5-1].
    seen.push(...new Set(inbox.items));
    assert.deepEqual(seen, ["special", "plain"]);
  });
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

  test("a handler that throws hurts no other message, and its message does not come again", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
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

describe("publishing", () => {
  test("QoS 0 without a connection is dropped, and says so", async (context) => {
    const session = open(context);
    const energy = { kind: "edge", at: 1, uptimeS: 1, computeJ: 0, uplinkJ: 0, source: "x" } as const;
    assert.equal(await session.publish(topics.energy, { site: "lab", node: "n" }, energy), false);
    await session.connect();
    assert.equal(await session.publish(topics.energy, { site: "lab", node: "n" }, energy), true);
  });

  test("QoS 1 without a connection waits for the next, up to its limits", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
    const device = fresh("device");
    const inbox = new Inbox<string>();
    const reader = open(context);
    reader.subscribe(topics.frame, { device }, ({ params }) => inbox.put(params.id!));
    await reader.connect();

    const session = open(context, { url: wire.url, maxPending: 3, maxPendingBytes: 1_000 });
    await session.connect();
    wire.cut();
    const frame = (id: string, bytes: number) => {
      return session.publish(topics.frame, { site: "lab", device, id }, Buffer.alloc(bytes));
    };
    const waiting = [frame("a", 1), frame("b", 900)];
    await assert.rejects(frame("heavy", 200), (error) => isMeanetError(error, "PUBLISH_BACKLOG"));
    waiting.push(frame("c", 1));
    await assert.rejects(frame("fourth", 1), (error) => isMeanetError(error, "PUBLISH_BACKLOG"));
    assert.equal(session.pending, 3);
    assert.equal(session.accepts(1), false);
    wire.mend();
    assert.deepEqual(await Promise.all(waiting), [true, true, true]);
    assert.equal(session.pending, 0);
    assert.equal(session.accepts(1), true);
    assert.deepEqual(await inbox.until((all) => all.length === 3), ["a", "b", "c"]);
  });

  test("is refused after close, and what waits for a broker that is gone is given up by name", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
    const session = open(context, { url: wire.url, status: edgeStatus });
    await session.connect();
    wire.cut();
    const lost = session.publish(topics.label, { site: "lab", device: "d", id: "lost" }, { label: 1 });
    const refused = assert.rejects(lost, (error) => isMeanetError(error, "SESSION_CLOSED"));
    await session.close(100);
    await refused;
    const late = session.publish(topics.label, { site: "lab", device: "d", id: "late" }, { label: 1 });
    await assert.rejects(late, (error) => isMeanetError(error, "SESSION_CLOSED"));
  });

  test("a broker that hangs does not keep a session from closing", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
    const session = open(context, { url: wire.url, status: edgeStatus });
    await session.connect();
    wire.freeze();
    await Promise.all([session.close(50), session.close(50)]);
    assert.equal(session.connected, false);
  });
});

describe("connecting", () => {
  test("ends for good with a close before the broker has answered", async (context) => {
    const accepted: Socket[] = [];
    const mute = createServer((socket) => void accepted.push(socket.resume())).listen(0, "127.0.0.1");
    context.after(() => mute.close());
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const session = open(context, { url: `mqtt://127.0.0.1:${port}` });
    const waiting = new AbortController();
    const gaveUp = assert.rejects(session.connect(60_000, waiting.signal));
    await once(mute, "connection");
    // The interval of its attempts to connect.
    context.mock.timers.enable({ apis: ["setInterval"] });
    await session.close();
    context.mock.timers.tick(60_000);
    context.mock.timers.reset();
    waiting.abort();
    await gaveUp;
    // One more attempt would have been accepted before this connection.
    const last = connect(port, "127.0.0.1");
    await once(last, "connect");
    while (!accepted.some(({ remotePort }) => remotePort === last.localPort)) await once(mute, "connection");
    last.destroy();
    for (const socket of accepted) socket.destroy();
    assert.equal(accepted.length, 2);
  });

  test("can be given up by a signal, and closed without ever having begun", async (context) => {
    const session = open(context, { url: `mqtt://127.0.0.1:${await freePort()}` });
    const controller = new AbortController();
    const connecting = session.connect(60_000, controller.signal);
    controller.abort();
    await assert.rejects(connecting, (error) => isMeanetError(error, "BROKER_UNREACHABLE"));
    await assert.rejects(session.whenConnected(60_000, controller.signal), (error) => {
      return isMeanetError(error, "BROKER_UNREACHABLE");
    });
    await open(context).close();
  });

  test("names the broker that does not answer, without its password, and goes on trying", async (context) => {
    const port = await freePort();
    const session = open(context, { url: `mqtt://edge:hunter2@127.0.0.1:${port}` });
    await assert.rejects(session.connect(50), (error) => {
      assert.ok(isMeanetError(error, "BROKER_UNREACHABLE"));
      assert.ok(error.message.includes(`mqtt://edge:***@127.0.0.1:${port}`), error.message);
      assert.ok(!JSON.stringify(error.details).includes("hunter2"));
      return true;
    });
  });

  test("is not ready while the broker refuses a subscription", async (context) => {
    const guarded = await startMosquitto(["allow_anonymous false"]);
    context.after(() => guarded.stop());
    const refused = open(context, { url: guarded.url });
    await assert.rejects(refused.connect(200), (error) => isMeanetError(error, "BROKER_UNREACHABLE"));
    assert.equal(refused.ready, false);
  });

  test("names a certificate file that cannot be read", () => {
    const options = {
      mqtt: mqttConfigSchema.parse({ url: "mqtts://127.0.0.1", ca: "/nowhere/ca.pem" }),
      node: "n",
      site: "lab",
      log: createLog("test", "silent"),
    };
    assert.throws(
      () => new MqttSession(options),
      (error) => isMeanetError(error, "CONFIG_UNREADABLE"),
    );
  });
});
