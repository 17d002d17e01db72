import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, it } from "node:test";
import { topicsUnder } from "@meanet/protocol";
import { createLog, hashPassword, isMeanetError, loadConfig } from "@meanet/runtime";
import mqtt from "mqtt";
import { configSchema } from "./config.ts";
import { originAllowed } from "./listen-websocket.ts";
import { start } from "./main.ts";
import { Inbox, startBroker } from "./test-broker.ts";
import { certificate } from "./test-certificate.ts";

const log = createLog("broker", "silent");

describe("broker", { timeout: 300_000 }, () => {
  it("carries a message between all four listeners", async (t) => {
    const files = certificate(t);
    const secured = { port: 0, ...files };
    const { running } = await startBroker(t, { listeners: { ws: { port: 0 }, tls: secured, wss: secured } });
    const { tcp, tls, ws, wss } = running.addresses;
    const urls = [
      `mqtt://127.0.0.1:${tcp!.port}`,
      `mqtts://127.0.0.1:${tls!.port}`,
      `ws://127.0.0.1:${ws!.port}/mqtt`,
      `wss://127.0.0.1:${wss!.port}`,
    ];
    const clients = await Promise.all(
      urls.map((url) => mqtt.connectAsync(url, { reconnectPeriod: 0, rejectUnauthorized: false })),
    );
    t.after(() => Promise.all(clients.map((client) => client.endAsync(true))));
    const inboxes = clients.map((client) => new Inbox(client));
    await Promise.all(clients.map((client) => client.subscribeAsync("a/#", { qos: 1 })));
    const large = "x".repeat(1_000_000);
    for (const [index, client] of clients.entries())
      await client.publishAsync(`a/${index}`, `${index}${large}`, { qos: 1 });
    await Promise.all(inboxes.map((inbox) => inbox.until(({ length }) => length === 4)));
    for (const inbox of inboxes)
      assert.deepEqual(
        inbox.payloads,
        [0, 1, 2, 3].map((index) => `${index}${large}`),
      );
  });

  it("holds WebSocket clients to the same packet size", async (t) => {
    const broker = await startBroker(t, {
      listeners: { ws: { port: 0 } },
      limits: { maxPacketBytes: 10_000 },
    });
    const { port } = broker.running.addresses.ws!;
    const client = await mqtt.connectAsync(`ws://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    client.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => client.once("close", resolve));
    client.publish("a", Buffer.alloc(20_000));
    await broker.ended("packet-too-large");
    await closed;
  });

  it("tells a browser that asks for a page what the WebSocket port is for", async (t) => {
    const { running } = await startBroker(t, { listeners: { ws: { port: 0 } } });
    const answer = await fetch(`http://127.0.0.1:${running.addresses.ws!.port}/`);
    assert.equal(answer.status, 426);
    assert.match(await answer.text(), /MQTT over WebSocket/);
  });

  it("lets web pages of this machine and configured ones connect, and no others", async (t) => {
    const allowed = ["https://dash.example:8443"];
    for (const origin of [
      undefined,
      "http://localhost:1880",
      "http://127.0.0.1",
      "http://[::1]:3000",
      ...allowed,
    ]) {
      assert.ok(originAllowed(origin, allowed), origin);
    }
    for (const origin of [
      "null",
      "https://evil.example",
      "https://127.evil.example",
      "https://dash.example",
    ]) {
      assert.ok(!originAllowed(origin, allowed), origin);
    }
    assert.ok(originAllowed("https://evil.example", ["*"]));

    const { running } = await startBroker(t, { listeners: { ws: { port: 0 } } });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": "mqtt",
        origin: "https://evil.example",
      };
      request({ host: "127.0.0.1", port: running.addresses.ws!.port, headers }, ({ statusCode }) =>
        resolve(statusCode),
      )
        .on("error", reject)
        .end();
    });
    assert.equal(status, 401);
  });

  it("says what to do when a port is taken, and leaves nothing behind", async (t) => {
    const { running } = await startBroker(t);
    const { port } = running.addresses.tcp!;
    for (const listeners of [{ tcp: { port } }, { tcp: { port: 0 }, ws: { port } }]) {
      await assert.rejects(start(configSchema.parse({ listeners }), { log }), (error) => {
        assert.ok(isMeanetError(error, "PORT_TAKEN"));
        assert.match(error.message, new RegExp(`port ${port} .*listeners\\.(tcp|ws)\\.port`));
        return true;
      });
    }
  });

  it("names the file of a certificate that is missing or no certificate", async (t) => {
    const { cert } = certificate(t);
    const tls = (key: string) =>
      configSchema.parse({ listeners: { tcp: { enabled: false }, tls: { port: 0, cert, key } } });
    await assert.rejects(start(tls("/nowhere/key.pem"), { log }), {
      code: "CONFIG_UNREADABLE",
      message: /nowhere/,
    });
    await assert.rejects(start(tls(cert), { log }), { code: "CONFIG_INVALID", message: /cert\.pem/ });
  });

  it("listens on this machine only, until users are configured", async (t) => {
    const open = await startBroker(t);
    assert.equal(open.running.addresses.tcp?.host, "127.0.0.1");
    const users = [{ name: "edge", password: await hashPassword("s3cret") }];
    const closed = await startBroker(t, { authentication: { users } });
    assert.equal(closed.running.addresses.tcp?.host, "0.0.0.0");
    const { port } = closed.running.addresses.tcp!;
    const url = `mqtt://127.0.0.1:${port}`;
    await assert.rejects(mqtt.connectAsync(url, { reconnectPeriod: 0 }), { code: 5 });
    await assert.rejects(mqtt.connectAsync(url, { reconnectPeriod: 0, username: "edge", password: "no" }), {
      code: 4,
    });
    assert.match((await closed.ended("refused")).detail!, /without a user name refused: anonymous/);
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, username: "edge", password: "s3cret" });
    await client.endAsync();
  });

  it("publishes its status and stats retained, and says it stopped before it disconnects anyone", async (t) => {
    const broker = await startBroker(t, { node: "hub", site: "hall", topicPrefix: "here" });
    const { status, stats } = topicsUnder("here");
    const at = { site: "hall", node: "hub" };
    const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    const payloads = new Map<string, Buffer[]>();
    client.on("message", (topic, payload) => payloads.set(topic, [...(payloads.get(topic) ?? []), payload]));
    const inbox = new Inbox(client);
    await client.subscribeAsync("here/#", { qos: 1 });
    await inbox.until(({ length }) => length === 2);
    const closed = new Promise<void>((resolve) => client.once("close", resolve));
    // The clock steps back an hour: the uptime must not.
    const stepped = Date.now() - 3_600_000;
    t.mock.method(Date, "now", () => stepped);
    await broker.running.stop();
    await closed;
    const states = payloads.get(status.format(at))!.map((payload) => status.decode(payload));
    assert.deepEqual(
      states.map(({ state, kind }) => [state, kind]),
      [
        ["online", "broker"],
        ["stopped", "broker"],
      ],
    );
    const [first, last] = payloads.get(stats.format(at))!.map((payload) => stats.decode(payload));
    assert.ok(first !== undefined && last !== undefined);
    assert.ok(last.at < first.at && last.uptimeS > first.uptimeS);
    assert.equal(last.counters.connections, 1);
    assert.ok(last.counters.bytesIn! > 0 && last.counters.bytesOut! > 0);
    assert.equal(last.queues.clients, 1);
  });

  it("gives clients their waiting bytes before it stops", async (t) => {
    const broker = await startBroker(t);
    const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    let bytes = 0;
    client.on("message", (_topic, payload) => {
      bytes += payload.length;
    });
    await client.subscribeAsync("a", { qos: 1 });
    const publisher = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
    const gone = Promise.all(
      [client, publisher].map((one) => new Promise<void>((done) => one.once("close", done))),
    );
    await Promise.all(
      Array.from({ length: 20 }, () => publisher.publishAsync("a", Buffer.alloc(1_000_000), { qos: 1 })),
    );
    await broker.running.stop();
    await gone;
    assert.equal(bytes, 20_000_000);
  });

  it("takes its settings from the environment and describes each of them", () => {
    const config = loadConfig("broker", configSchema, {
      environment: { MEANET__BROKER__LISTENERS__TCP__PORT: "0", MEANET__BROKER__LIMITS__DRAIN_TIMEOUT: "3s" },
    });
    assert.equal(config.listeners.tcp.port, 0);
    assert.equal(config.limits.drainTimeout, 3000);
  });
});
