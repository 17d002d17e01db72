import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { freePort, openWire, startMosquitto, waitUntil } from "@meanet/session/testing";
import { CloudPort } from "./cloud-port.ts";
import { frameOf, routedOf } from "./frames-for-tests.ts";
import { log } from "./site-for-tests.ts";

test("CloudPort charges no bytes for a question that its session does not take", async () => {
  const charged: number[] = [];
  const port = new CloudPort({
    mqtt: mqttConfigSchema.parse({ url: `mqtt://127.0.0.1:${await freePort()}` }),
    site: "lab",
    edge: "edge-1",
    log,
    onPublished: (bytes) => void charged.push(bytes),
  });
  const question = { item: routedOf(frameOf("a")), ticket: "t1", attempt: 1, remainingMs: 100 };
  const bytes = port.publish(question);
  assert.ok(bytes > 3);
  await port.close();
  assert.equal(port.publish(question), 0);
  assert.deepEqual(charged, [bytes]);
});

test("CloudPort sends nothing again on a new connection: the question is asked anew, or it is too late", {
  timeout: 300_000,
}, async (context) => {
  const broker = await startMosquitto();
  const wire = await openWire(broker.port);
  const options = { site: "lab", log };
  const worker = new MqttSession({
    ...options,
    mqtt: mqttConfigSchema.parse({ url: broker.url }),
    node: "w",
  });
  const mqtt = mqttConfigSchema.parse({ url: wire.url, reconnectInterval: "20ms" });
  const port = new CloudPort({ ...options, mqtt, edge: "edge-1", onPublished: () => undefined });
  context.after(async () => {
    await Promise.all([port.close(), worker.close()]);
    await wire.close();
    await broker.stop();
  });
  const heard: string[] = [];
  worker.subscribe(worker.topics.complex, {}, ({ params }) => heard.push(params.id));
  await Promise.all([worker.connect(), port.connect(5_000)]);
  const ask = (ticket: string) =>
    port.publish({ item: routedOf(frameOf("a")), ticket, attempt: 1, remainingMs: 100 });
  wire.freeze();
  for (const ticket of ["stale-1", "stale-2", "stale-3"]) ask(ticket);
  wire.cut();
  await waitUntil(
    "it is offline",
    () => port.online,
    (online) => !online,
  );
  wire.mend();
  await waitUntil("it is online again", () => port.online, Boolean);
  ask("fresh");
  await waitUntil(
    "the question is heard",
    () => heard,
    (all) => all.includes("fresh"),
  );
  assert.deepEqual(heard, ["fresh"]);
});
