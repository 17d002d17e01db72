import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import mqtt from "mqtt";
import { WebSocket } from "ws";
import { KeptBytes, KeptTotal } from "./kept-bytes.ts";
import { connectPacket, Inbox, packet, publishPacket, startBroker } from "./test-broker.ts";

const SIZE = 90_000;
const limits = { maxPacketBytes: 100_000, unfinishedBytesTotal: 300_000 };
/** One byte short of whole. */
const unfinished = publishPacket("x", Buffer.alloc(SIZE)).subarray(0, -1);

async function connectedSocket(t: TestContext, port: number, clientId: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, "mqtt");
  t.after(() => socket.terminate());
  socket.on("error", () => undefined);
  await once(socket, "open");
  socket.send(connectPacket(clientId));
  await once(socket, "message");
  return socket;
}

describe("packets that never become whole", { timeout: 300_000 }, () => {
  it("are kept up to a limit for all clients; past it the oldest is cut, and honest ones are not", async (t) => {
    const broker = await startBroker(t, { limits });
    const honest = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    t.after(() => honest.endAsync(true));
    const inbox = new Inbox(honest);
    await honest.subscribeAsync("honest", { qos: 1 });
    const ends: string[] = [];
    for (let index = 0; index < 8; index++) {
      const socket = await broker.socket();
      socket.write(connectPacket(`hostile-${index}`));
      await once(socket, "data");
      socket.resume();
      socket.once("close", () => ends.push(`hostile-${index}`));
      socket.write(unfinished);
      await honest.publishAsync("honest", `${index}`.repeat(SIZE), { qos: 1 });
      await inbox.has(`${index}`.repeat(SIZE));
    }
    const { client, detail } = await broker.ended("unfinished-packets");
    assert.equal(client, "hostile-0");
    assert.match(
      detail ?? "",
      /bytes of unfinished packets kept, at most 300000 allowed: this is the oldest/,
    );
    const ended = await broker.metric('meanet_broker_connections_ended_total{reason="unfinished-packets"');
    assert.ok(ended >= 4 && ended <= 5, `${ended} ended`);
    const kept = await broker.metric("meanet_broker_unfinished_bytes{");
    assert.ok(kept > SIZE && kept <= limits.unfinishedBytesTotal, `${kept} bytes kept`);
  });

  it("count as well while they are WebSocket frames", async (t) => {
    const broker = await startBroker(t, { limits, listeners: { ws: { port: 0 } } });
    const { port } = broker.running.addresses.ws!;
    for (let index = 0; index < 8; index++) {
      const socket = await connectedSocket(t, port, `hostile-${index}`);
      // A fragment: the message, and with it the frame of MQTT, stays open.
      await new Promise((resolve) => socket.send(unfinished, { fin: false }, resolve));
    }
    assert.equal((await broker.ended("unfinished-packets")).client, "hostile-0");
  });

  it("cost about their bytes, however small the pieces they come in", () => {
    const kept = new KeptBytes();
    for (let index = 0; index < SIZE; index++) kept.append(Buffer.from([index % 251]), SIZE - index - 1);
    assert.equal(kept.heldBytes, SIZE);
    assert.deepEqual(kept.take(), Buffer.from(Array.from({ length: SIZE }, (_, index) => index % 251)));
    assert.equal(kept.heldBytes, 0);
  });

  it("take no memory by announcing alone", () => {
    const kept = new KeptBytes();
    kept.append(Buffer.from([0x30]), 4_000_000);
    assert.ok(kept.heldBytes < 100);
  });

  it("give what they took back when they become whole or end", () => {
    const total = new KeptTotal(1000);
    const cut: string[] = [];
    const keeper = (name: string) => ({ cut: () => void cut.push(name) });
    const [first, second, third] = [keeper("first"), keeper("second"), keeper("third")];
    total.set(first, 600);
    total.set(second, 300);
    total.set(first, 0);
    total.set(first, 600);
    assert.deepEqual([total.bytes, cut], [900, []]);
    total.set(third, 500);
    // The second began before the first began anew.
    assert.deepEqual([total.bytes, cut], [500, ["second", "first"]]);
    total.set(third, 5000);
    assert.deepEqual([total.bytes, cut.length], [5000, 2], "a single one is bounded by the size of a packet");
  });

  it("a million packets in one WebSocket message leave the others their turn", async (t) => {
    const broker = await startBroker(t, { listeners: { ws: { port: 0 } } });
    const socket = await connectedSocket(t, broker.running.addresses.ws!.port, "hostile");
    const pings = 500_000;
    let answers = 0;
    let answersAtOther = Number.NaN;
    const all = new Promise<void>((resolve) => {
      socket.on("message", (data) => {
        answers += (data as Buffer).length / 2;
        if (answers === pings) resolve();
      });
    });
    const other = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    t.after(() => other.endAsync(true));
    socket.send(Buffer.concat(Array<Buffer>(pings).fill(packet(0xc0))));
    await once(socket, "message");
    await other.publishAsync("other", "x", { qos: 1 });
    answersAtOther = answers;
    await all;
    assert.ok(answersAtOther < pings, "the other one was answered in between");
  });
});
