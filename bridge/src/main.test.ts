import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Mosquitto, startMosquitto } from "@meanet/session/testing";
import { answerOf, statsOf, statusOf } from "./payloads-for-tests.ts";
import { openSite } from "./site-for-tests.ts";

let mosquitto: Mosquitto;
before(async () => {
  mosquitto = await startMosquitto();
});
after(() => mosquitto.stop());

describe("a bridge for Home Assistant", () => {
  it("shows a node as long as it is there, and what became of it", async (context) => {
    const { site, session, openReader, startBridge } = openSite(context, mosquitto.url);
    const reader = await openReader();
    await startBridge();
    const edge = session("edge-1", { kind: "edge", version: "1.0.0", models: [] });
    await edge.connect();
    await edge.publish(edge.topics.stats, { site, node: "edge-1" }, statsOf());
    const object = `meanet_${site}_node_edge-1`;
    await reader.until(() => reader.state(object, "frames") === "100");
    assert.equal(reader.state(object, "online"), "on");
    await edge.close();
    await reader.until(() => reader.state(object, "frames") === "unavailable");
    assert.equal(reader.state(object, "online"), "off");
    assert.equal(reader.state(object, "state"), "stopped");
    assert.deepEqual(reader.breaches, []);
  });

  it("announces everything again when Home Assistant starts", async (context) => {
    const { site, session, openReader, startBridge, sayVerdict } = openSite(context, mosquitto.url);
    await startBridge();
    const device = session();
    await device.connect();
    const reader = await openReader();
    await sayVerdict(device, "cam-1", answerOf());
    const object = `meanet_${site}_device_cam-1`;
    await reader.until(() => reader.devices.has(object) && reader.devices.size === 2);
    const before_ = reader.configurations;
    await reader.sayOnline();
    await reader.until(() => reader.configurations >= before_ + 2);
  });

  it("shows the last picture of a camera, and no outline of a sensor window", async (context) => {
    const { site, session, openReader, startBridge } = openSite(context, mosquitto.url);
    const reader = await openReader();
    await startBridge();
    const edge = session();
    await edge.connect();
    const png = Buffer.from("89504e470d0a1a0a00", "hex");
    const { thumbnail } = edge.topics;
    const publish = async (device: string, id: string, payload: Uint8Array) => {
      await edge.publish(thumbnail, { site, device, id }, payload, { qos: 1 });
    };
    const [camera, sensor] = [`meanet_${site}_device_cam-1`, `meanet_${site}_device_wrist-1`];
    await publish("wrist-1", "w-1", Buffer.from("[[1,2]]"));
    await publish("cam-1", "f-1", png);
    await reader.until(() => reader.devices.has(camera));
    assert.ok(!reader.devices.has(sensor));
    await edge.publish(
      edge.topics.verdict,
      { site, device: "cam-1" },
      { ...answerOf(), site, device: "cam-1" },
    );
    await reader.until(() => reader.devices.get(camera)?.components.label !== undefined);
    assert.equal(reader.devices.get(camera)?.components.picture?.content_type, "image/png");
    await publish("cam-1", "f-2", png);
    await reader.until(() => reader.image(camera, "picture") !== undefined);
    assert.deepEqual(Buffer.from(reader.image(camera, "picture")!), png);
    assert.deepEqual(reader.breaches, []);
  });

  it("takes a camera away that has been silent for long", async (context) => {
    const { site, session, openReader, startBridge, sayVerdict } = openSite(context, mosquitto.url);
    const reader = await openReader();
    await startBridge({ silentAfter: "20ms", forgetAfter: "50ms" });
    const device = session();
    await device.connect();
    await sayVerdict(device, "cam-1", answerOf());
    const object = `meanet_${site}_device_cam-1`;
    await reader.until(() => reader.devices.has(object));
    await reader.until(() => !reader.devices.has(object));
  });

  it("takes a node away at once whose status somebody clears, and takes that for no invalid message", async (context) => {
    const { site, session, openReader, startBridge } = openSite(context, mosquitto.url);
    const reader = await openReader();
    const edge = session();
    const object = `meanet_${site}_node_edge-1`;
    const afterwards = Promise.withResolvers<number | undefined>();
    let isCleared = false;
    edge.subscribe(edge.topics.stats, { site, node: `${site}-bridge` }, ({ value }) => {
      if (isCleared) afterwards.resolve(value.counters.invalidMessages);
    });
    await edge.connect();
    await edge.publish(edge.topics.status, { site, node: "edge-1" }, { ...statusOf(), state: "offline" });
    await startBridge({ statsInterval: "20ms" });
    await reader.until(() => reader.devices.has(object));
    const topic = edge.topics.status.format({ site, node: "edge-1" });
    await edge.publishBytes(topic, new Uint8Array(), { qos: 1, retain: true });
    await reader.until(() => !reader.devices.has(object));
    isCleared = true;
    assert.equal(await afterwards.promise, 0);
  });

  it("takes away what a bridge before it announced and nobody brings back", async (context) => {
    const { site, session, openReader, startBridge, sayVerdict } = openSite(context, mosquitto.url);
    const first = await startBridge();
    const device = session();
    await device.connect();
    await sayVerdict(device, "cam-1", answerOf());
    const reader = await openReader();
    const object = `meanet_${site}_device_cam-1`;
    await reader.until(() => reader.devices.has(object));
    await first.stop();
    assert.ok(reader.devices.has(object));
    await startBridge({ forgetAfter: "50ms" });
    await reader.until(() => !reader.devices.has(object));
    assert.ok(reader.devices.has(`meanet_${site}_node_${site}-bridge`));
  });

  it("drops and counts what is beyond its limits", async (context) => {
    const { site, session, startBridge, sayVerdict } = openSite(context, mosquitto.url);
    const listener = session();
    const seen = Promise.withResolvers<void>();
    listener.subscribe(listener.topics.stats, { site, node: `${site}-bridge` }, ({ value }) => {
      if (value.drops["beyond-limit"] === 2) seen.resolve();
    });
    await listener.connect();
    await startBridge({ statsInterval: "20ms", limits: { devices: 1 } });
    for (const camera of ["cam-1", "cam-2", "cam-3"]) await sayVerdict(listener, camera, answerOf());
    await seen.promise;
  });

  it("listens and publishes nothing of others while no convention is asked for", async (context) => {
    const { site, session, openReader, startBridge } = openSite(context, mosquitto.url);
    const reader = await openReader();
    await startBridge({ conventions: [], statsInterval: "20ms" });
    const edge = session();
    await edge.connect();
    await edge.publish(edge.topics.status, { site, node: "edge-1" }, statusOf());
    // Its own stats come after what it would have announced.
    const stats = session();
    const heard = Promise.withResolvers<void>();
    stats.subscribe(stats.topics.stats, { site }, ({ value }) => {
      if (value.queues.known === 2) heard.resolve();
    });
    await stats.connect();
    await heard.promise;
    assert.equal(reader.configurations, 0);
  });
});
