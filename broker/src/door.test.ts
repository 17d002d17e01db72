import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, it, type TestContext } from "node:test";
import mqtt from "mqtt";
import { Door, originOf } from "./door.ts";
import { closeOf, startBroker } from "./test-broker.ts";
import { certificate } from "./test-certificate.ts";

async function opened(t: TestContext, port: number, host: string): Promise<Socket> {
  const socket = connect(port, host);
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket.resume();
}

describe("Door", { timeout: 300_000 }, () => {
  it("refuses an address that has its share, and no other", () => {
    const door = new Door({ maxClients: 10, maxClientsPerAddress: 2 });
    assert.equal(door.enter("192.0.2.1"), undefined);
    assert.equal(door.enter("::ffff:192.0.2.1"), undefined);
    assert.equal(door.enter("192.0.2.1"), "too-many-of-address");
    assert.equal(door.enter("192.0.2.2"), undefined);
    door.leave("192.0.2.1");
    assert.equal(door.enter("192.0.2.1"), undefined);
  });

  it("takes a network of IPv6 for one address, and this machine for none", () => {
    const network = "2001:db8:0:1::/64";
    for (const address of ["2001:db8:0:1::1", "2001:db8:0:1:ffff::", "2001:db8:0:1:2:3:4:5"]) {
      assert.equal(originOf(address), network);
    }
    assert.equal(originOf("fe80::1%eth0"), "fe80:0:0:0::/64");
    assert.notEqual(originOf("2001:db8:0:2::1"), network);
    for (const own of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
      assert.equal(originOf(own), undefined);
  });

  it("has no limit for an address where none is set", () => {
    const door = new Door({ maxClients: 3, maxClientsPerAddress: 0 });
    for (let index = 0; index < 3; index++) assert.equal(door.enter("192.0.2.1"), undefined);
    assert.equal(door.enter("192.0.2.9"), "too-many-clients");
  });

  it("leaves room for others when one host opens all it can, on this machine's own address in the network", async (t) => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const host = addresses.find(({ internal, family }) => !internal && family === "IPv4")?.address;
    if (host === undefined) return t.diagnostic("this machine has no network: the limit was tested above");
    const broker = await startBroker(t, {
      limits: { maxClientsPerAddress: 3 },
      listeners: { tcp: { host: "0.0.0.0", port: 0 } },
    });
    const { port } = broker.running.addresses.tcp!;
    const sockets = await Promise.all(Array.from({ length: 5 }, () => opened(t, port, host)));
    await Promise.race(sockets.map(closeOf));
    await broker.ended("too-many-of-address");
    const other = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    await other.endAsync();
  });

  it("counts connections before TLS and the WebSocket upgrade, and forgets them when they end", async (t) => {
    const files = certificate(t);
    const broker = await startBroker(t, {
      limits: { maxClients: 3, connectTimeout: "1h" },
      listeners: { ws: { port: 0 }, tls: { port: 0, ...files }, wss: { port: 0, ...files } },
    });
    const { tcp, ws, tls, wss } = broker.running.addresses;
    const holding: Socket[] = [];
    for (const { port } of [tls!, ws!, wss!]) holding.push(await opened(t, port, "127.0.0.1"));
    for (const { port } of [tls!, ws!, wss!, tcp!]) {
      const refused = await opened(t, port, "127.0.0.1");
      await closeOf(refused);
    }
    assert.equal(await broker.metric('meanet_broker_connections_ended_total{reason="too-many-clients"'), 4);
    for (const socket of holding) socket.destroy();
    // Their places are free, soon.
    const next = await mqtt.connectAsync(`mqtt://127.0.0.1:${tcp!.port}`, { reconnectPeriod: 20 });
    await next.endAsync();
  });
});

describe("connections that never get as far as MQTT", { timeout: 300_000 }, () => {
  const beginnings: readonly (readonly [string, "tls" | "ws" | "wss" | "tcp", string])[] = [
    ["nothing over TCP", "tcp", ""],
    ["nothing over TLS", "tls", ""],
    ["half a ClientHello", "tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["nothing to the WebSocket port", "ws", ""],
    ["half an upgrade", "ws", "GET / HTTP/1.1\r\nUpgrade: websocket\r\n"],
    ["half a body", "ws", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nx"],
    ["nothing to the WebSocket port over TLS", "wss", ""],
  ];
  for (const [name, listener, bytes] of beginnings) {
    it(`are ended though their bytes trickle: ${name}`, async (t) => {
      const files = certificate(t);
      const broker = await startBroker(t, {
        limits: { connectTimeout: "300ms" },
        listeners: { ws: { port: 0 }, tls: { port: 0, ...files }, wss: { port: 0, ...files } },
      });
      const socket = await opened(t, broker.running.addresses[listener]!.port, "127.0.0.1");
      socket.write(Buffer.from(bytes, "latin1"));
      // A byte now and then must not put the end off; in the TLS hello and the HTTP header any letter will do.
      const trickle = setInterval(() => bytes !== "" && socket.write("x"), 50);
      t.after(() => clearInterval(trickle));
      await closeOf(socket);
    });
  }
});
