import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Label, Verdict } from "@meanet/protocol";
import { createLog, isMeanetError } from "@meanet/runtime";
import { type MqttConfig, MqttSession, mqttConfigSchema } from "@meanet/session";
import { freePort, type Mosquitto, startMosquitto } from "@meanet/session/testing";
import { connectDevice, type Device } from "./index.ts";

const log = createLog("device-test", "silent");
const site = "lab";

let broker: Mosquitto;
let mqtt: MqttConfig;
before(async () => {
  broker = await startMosquitto();
  mqtt = mqttConfigSchema.parse({ url: broker.url });
});
after(() => broker.stop());

describe("device against a Mosquitto", () => {
  it("publishes a frame and gets its provisional and its final verdict", async (context) => {
    const edge = await startEdge();
    context.after(() => edge.close());
    const device = await open("camera-1");
    context.after(() => device.close());
    const seen: boolean[] = [];
    const unsubscribe = device.onVerdict(({ final }) => seen.push(final));

    const id = await device.publishFrame(Uint8Array.of(1, 2, 3), { id: "frame-1" });
    const answer = await device.awaitVerdict(id, 120_000);

    assert.equal(id, "frame-1");
    assert.equal(answer.verdict.outcome, "answered");
    assert.equal(answer.provisional?.verdict.final, false);
    assert.ok(answer.latencyMs >= answer.provisional.latencyMs);
    assert.deepEqual(seen, [false, true]);
    assert.deepEqual(edge.frames, [{ device: "camera-1", id, qos: 1, bytes: 3 }]);
    unsubscribe();
  });

  it("draws an id when none is given, and publishes with QoS 0 when asked", async (context) => {
    const edge = await startEdge();
    context.after(() => edge.close());
    const device = await open("camera-2");
    context.after(() => device.close());

    const id = await device.publishFrame(Uint8Array.of(9), { qos: 0 });
    await device.awaitVerdict(id, 120_000);

    assert.match(id, /^[a-z0-9-]{1,64}$/);
    assert.equal(edge.frames[0]?.qos, 0);
    assert.equal(device.outstanding, 0);
  });

  it("publishes a window, of numbers or as bytes, and gets its verdict", async (context) => {
    const edge = await startEdge();
    context.after(() => edge.close());
    const device = await open("imu-1");
    context.after(() => device.close());

    const numbers = await device.publishWindow(Float32Array.of(1, -2.5), { id: "window-1" });
    await device.awaitVerdict(numbers, 120_000);
    const json = await device.publishWindow(Buffer.from("[[1,2]]"));
    await device.awaitVerdict(json, 120_000);

    assert.deepEqual(edge.frames, []);
    assert.deepEqual(
      edge.windows.map(({ id, payload }) => [id, [...payload]]),
      [
        ["window-1", [...Buffer.from("0000803f000020c0", "hex")]],
        [json, [...Buffer.from("[[1,2]]")]],
      ],
    );
  });

  it("names the time-out when no edge node answers", async (context) => {
    const device = await open("camera-3");
    context.after(() => device.close());
    const id = await device.publishFrame(Uint8Array.of(1));
    await assert.rejects(device.awaitVerdict(id, 20), (error) => isMeanetError(error, "VERDICT_TIMEOUT"));
  });

  it("tells the true class of a frame", async (context) => {
    const listener = new MqttSession({ mqtt, node: "listener", site, log });
    const arrived = new Promise<Label>((resolve) => {
      listener.subscribe(listener.topics.label, { site, device: "camera-4", id: "frame-7" }, ({ value }) =>
        resolve(value),
      );
    });
    await listener.connect();
    context.after(() => listener.close());
    const device = await open("camera-4");
    context.after(() => device.close());

    await device.label("frame-7", "Ankle boot");
    assert.deepEqual(await arrived, { label: "Ankle boot" });
  });

  it("refuses an id that cannot stand in a topic, without expecting a verdict", async (context) => {
    const device = await open("camera-5");
    context.after(() => device.close());
    await assert.rejects(device.publishFrame(Uint8Array.of(1), { id: "a/b" }), (error) =>
      isMeanetError(error, "TOPIC_INVALID"),
    );
    assert.equal(device.outstanding, 0);
  });

  it("names a broker that does not answer", async () => {
    const nowhere = mqttConfigSchema.parse({ url: `mqtt://127.0.0.1:${await freePort()}` });
    await assert.rejects(
      connectDevice({ mqtt: nowhere, site, device: "camera-6", log, connectTimeoutMs: 50 }),
      (error) => isMeanetError(error, "BROKER_UNREACHABLE"),
    );
  });
});

function open(device: string): Promise<Device> {
  return connectDevice({ mqtt, site, device, log });
}

/** Answers every frame and window with a provisional and a final verdict. */
async function startEdge() {
  const frames: { device: string; id: string; qos: number; bytes: number }[] = [];
  const session = new MqttSession({ mqtt, node: "edge-1", site, log });
  let seq = 0;
  const windows: { id: string; payload: Uint8Array }[] = [];
  session.subscribe(session.topics.frame, { site }, ({ params: { device, id = "none" }, payload, qos }) => {
    frames.push({ device, id, qos, bytes: payload.byteLength });
    answer(device, id, qos);
  });
  session.subscribe(session.topics.window, { site }, ({ params: { device, id = "none" }, payload, qos }) => {
    windows.push({ id, payload: Uint8Array.from(payload) });
    answer(device, id, qos);
  });
  await session.connect();
  return { frames, windows, close: () => session.close() };

  function answer(device: string, id: string, qos: 0 | 1): void {
    for (const final of [false, true]) {
      seq += 1;
      session
        .publish(session.topics.verdict, { site, device }, verdict({ device, id, qos, seq, final }))
        .catch(assert.fail);
    }
  }
}

function verdict(part: { device: string; id: string; qos: 0 | 1; seq: number; final: boolean }): Verdict {
  return {
    ...part,
    site,
    edge: "edge-1",
    journal: "j1",
    at: 2,
    receivedAt: 1,
    latencyMs: 1,
    outcome: "answered",
    supersedes: part.final ? part.seq - 1 : null,
    label: "Coat",
    classIndex: 4,
    confidence: 0.9,
    exit: "cloud",
    route: "complex",
    cloud: part.final ? "answered" : "pending",
    entropy: 1.2,
    queueMs: 0,
    computeMs: 0.2,
    energy: { mainJ: 1e-4, extensionJ: 0, uplinkJ: 2e-3, cloudJ: 1e-2, source: "modelled:test" },
    uplinkBytes: 3,
    model: "fashion-mnist@1.0.0",
    worker: "worker-1",
  };
}
