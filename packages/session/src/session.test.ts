import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import type { Status } from "@meanet/protocol";
import { createLog, isMeanetError } from "@meanet/runtime";
import { type Message, MqttSession, mqttConfigSchema } from "./index.ts";
import { edgeStatus, fresh, Inbox, reconnect, shareBroker, topics } from "./sessions-for-tests.ts";
import { freePort, startMosquitto } from "./testing/index.ts";

const { open, openWireTo } = shareBroker();

async function watchStatus(context: TestContext, node: string): Promise<Inbox<Status["state"]>> {
  const states = new Inbox<Status["state"]>();
  const watcher = open(context);
  watcher.subscribe(topics.status, { node }, ({ value }) => states.put(value.state));
  await watcher.connect();
  return states;
}

describe("will of another convention", () => {
  test("is asked for every CONNECT, and the broker publishes the one of the connection that was lost", async (context) => {
    const wire = await openWireTo(context);
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

describe("two nodes of one name", () => {
  test("take the connection from each other, and are told what it may be", async (context) => {
    const node = fresh("edge");
    const said = new Inbox<string>();
    const log = createLog("test", "warn", {
      write: (line) => said.put((JSON.parse(line) as { msg: string }).msg),
    });
    const [first, second] = [open(context, { node, log }), open(context, { node, log })];
    await Promise.all([first.connect(), second.connect()]);
    const told = await said.until((lines) => /another client/.test(lines.at(-1) ?? ""));
    assert.match(told[0]!, /^no connection to the broker; trying again$/);
    assert.match(
      told.at(-1)!,
      new RegExp(`: 3 connections in a row .* is another client called ${node} there\\? `),
    );
  });
});

describe("status of a node", () => {
  test("is online on connect, offline when it vanishes, online again, and stopped after a clean stop", async (context) => {
    const wire = await openWireTo(context);
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

describe("publishing", () => {
  test("QoS 0 without a connection is dropped, and says so", async (context) => {
    const session = open(context);
    const energy = { kind: "edge", at: 1, uptimeS: 1, computeJ: 0, uplinkJ: 0, source: "x" } as const;
    assert.equal(await session.publish(topics.energy, { site: "lab", node: "n" }, energy), false);
    await session.connect();
    assert.equal(await session.publish(topics.energy, { site: "lab", node: "n" }, energy), true);
  });

  test("QoS 1 without a connection waits for the next, up to its limits", async (context) => {
    const wire = await openWireTo(context);
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
    const wire = await openWireTo(context);
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
    const wire = await openWireTo(context);
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

test("a broker that refuses connections for a while is asked again until it takes one", async (context) => {
  // Of CONNACK: server unavailable, bad user name or password, not authorized, accepted.
  const answers = [3, 4, 5, 0];
  let asked = 0;
  const server = createServer((socket) => {
    context.after(() => socket.destroy());
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(Uint8Array.of(0x20, 2, 0, answers[asked++] ?? 0)));
  }).listen(0, "127.0.0.1");
  context.after(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const session = open(context, { url: `mqtt://127.0.0.1:${port}` });
  await session.connect(60_000);
  assert.equal(asked, answers.length);
});
