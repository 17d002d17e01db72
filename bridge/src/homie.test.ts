import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, describe, it } from "node:test";
import type { MqttSession } from "@meanet/session";
import { type Mosquitto, openWire, startMosquitto } from "@meanet/session/testing";
import { emptyModel, type Message, type Model, reduce } from "./device-model.ts";
import { foreignTopic } from "./foreign-topic.ts";
import { homieMessages, keyOfDevice, parseWritten, propertyAt, topicsOfDescription } from "./homie.ts";
import { answerOf, energyOf, refusalOf, statsOf, statusOf } from "./payloads-for-tests.ts";
import { openSite } from "./site-for-tests.ts";
import { homieBreaches } from "./testing/index.ts";

const options = { prefix: "homie", site: "lab" };
const limits = { nodes: 10, devices: 10 };
const setting = (
  source: "threshold" | "policy" | "train" | "hard-classes",
  value: string | number,
): Message => ({
  source,
  id: "edge-1",
  payload: { value, at: 1, error: null },
});
const after_ = (messages: readonly Message[], from: Model = emptyModel) =>
  messages.reduce((model, message) => reduce(model, message, 1, limits), from);
const everything = after_([
  { source: "status", id: "edge-1", payload: statusOf() },
  { source: "stats", id: "edge-1", payload: statsOf() },
  { source: "energy", id: "edge-1", payload: energyOf() },
  ...[setting("threshold", 0.8), setting("policy", "random:0.25"), setting("train", "idle")],
  setting("hard-classes", ""),
  { source: "thumbnail", id: "cam-1", payload: { type: "image/webp" } },
  { source: "verdict", id: "cam-1", payload: answerOf({ confidence: 1e-7 }) },
  { source: "verdict", id: "cam-2", payload: refusalOf() },
]);

/** What a broker holds after the messages. */
function held(
  before: Model | undefined,
  model: Model,
  broker = new Map<string, string>(),
): Map<string, string> {
  for (const { topic, payload, retain } of homieMessages(before, model, options)) {
    assert.ok(retain);
    if (payload.byteLength === 0) broker.delete(topic);
    else broker.set(topic, Buffer.from(payload).toString());
  }
  return broker;
}

describe("messages of Homie", () => {
  it("keep the rules of the convention", () => {
    const broker = held(undefined, everything);
    assert.deepEqual(homieBreaches(broker), []);
    assert.equal(broker.get("homie/5/meanet-lab/$state"), "ready");
    assert.equal(broker.get("homie/5/meanet-lab-node-edge-1/settings/threshold"), "0.8");
    assert.equal(broker.get("homie/5/meanet-lab-device-cam-1/verdict/label"), "sandal");
  });

  it("are a value alone when nothing but a value has changed", () => {
    const next = after_(
      [{ source: "verdict", id: "cam-1", payload: answerOf({ confidence: 0.5 }) }],
      everything,
    );
    assert.deepEqual(
      homieMessages(everything, next, options).map(({ topic, payload }) => [
        topic,
        Buffer.from(payload).toString(),
      ]),
      [["homie/5/meanet-lab-device-cam-1/verdict/confidence", "0.5"]],
    );
  });

  it("change a description only between init and ready, with another version", () => {
    const broker = held(undefined, everything);
    const version = (text: string | undefined) => (JSON.parse(text!) as { version: number }).version;
    const description = "homie/5/meanet-lab-node-edge-1/$description";
    const old = version(broker.get(description));
    const less = after_([setting("threshold", "bundle")], everything);
    const topics = homieMessages(everything, less, options).map(({ topic }) =>
      topic.split("/").slice(3).join("/"),
    );
    assert.deepEqual(topics, ["$state", "$description", "settings/threshold", "$state"]);
    held(everything, less, broker);
    assert.notEqual(version(broker.get(description)), old);
    assert.deepEqual(homieBreaches(broker), []);
  });

  it("tell a stopped node from one that is lost", () => {
    const stateAfter = (state: "offline" | "stopped") => {
      const gone = after_([{ source: "status", id: "edge-1", payload: statusOf({ state }) }], everything);
      return held(everything, gone).get("homie/5/meanet-lab-node-edge-1/$state");
    };
    assert.deepEqual([stateAfter("offline"), stateAfter("stopped")], ["lost", "disconnected"]);
  });

  it("leave nothing of a device that is gone", () => {
    const broker = held(undefined, everything);
    const devices = new Map(everything.devices);
    devices.delete("device/cam-1");
    held(everything, { ...everything, devices }, broker);
    assert.deepEqual(homieBreaches(broker), []);
    assert.deepEqual(
      [...broker.keys()].filter((topic) => topic.includes("cam-1")),
      [],
    );
  });

  it("leave out a device whose name is no id of Homie", () => {
    const odd = after_([{ source: "verdict", id: "cam-", payload: answerOf() }], everything);
    assert.deepEqual(homieMessages(everything, odd, options), []);
  });

  it("know the property of a set topic, and what was written to it", () => {
    const at = { device: "meanet-lab-node-edge-1", node: "settings", property: "threshold" };
    const { property } = propertyAt(everything, at, options)!;
    assert.equal(parseWritten(property, "0.5"), 0.5);
    assert.equal(parseWritten(property, "0x10"), "0x10");
    assert.equal(propertyAt(everything, { ...at, node: "stats" }, options), undefined);
    assert.equal(propertyAt(everything, { ...at, device: "meanet-hall-node-edge-1" }, options), undefined);
    assert.equal(keyOfDevice("meanet-lab-node-edge-1", options), "node/edge-1");
    assert.equal(keyOfDevice("super-car", options), undefined);
  });
});

describe("a bridge for Homie", () => {
  let mosquitto: Mosquitto;
  before(async () => {
    mosquitto = await startMosquitto();
  });
  after(() => mosquitto.stop());

  /** A controller: it knows what the broker tells it. */
  async function openController(session: MqttSession) {
    const known = new Map<string, string>();
    const events = new EventEmitter();
    const delivery = { qos: 1, retain: true } as const;
    for (const pattern of ["homie/5/{device}/{attribute}", "homie/5/{device}/{node}/{property}"] as const) {
      const topic = foreignTopic(pattern, delivery);
      session.subscribe(topic, {}, ({ params, value }) => {
        const name = topic.format(params as never);
        if (value.byteLength === 0) known.delete(name);
        else known.set(name, Buffer.from(value).toString());
        events.emit("change");
      });
    }
    await session.connect();
    return {
      known,
      until: async (condition: () => boolean) => {
        while (!condition()) await once(events, "change");
      },
    };
  }

  it("shows nodes and cameras, lost when the bridge is, and disconnected when it stops", async (context) => {
    const wire = await openWire(mosquitto.port);
    context.after(() => wire.close());
    const { site, session, startBridge, sayVerdict } = openSite(context, mosquitto.url);
    const controller = await openController(session());
    const bridge = await startBridge({
      conventions: ["homie"],
      mqtt: { url: wire.url, reconnectInterval: "20ms" },
    });
    const device = session();
    await device.connect();
    await sayVerdict(device, "cam-1", answerOf());
    const root = `homie/5/meanet-${site}`;
    await controller.until(() => controller.known.get(`${root}-device-cam-1/verdict/label`) === "sandal");
    await controller.until(() => homieBreaches(controller.known).length === 0);
    await controller.until(() => controller.known.get(`${root}/$state`) === "ready");
    wire.cut();
    await controller.until(() => controller.known.get(`${root}/$state`) === "lost");
    wire.mend();
    await controller.until(() => controller.known.get(`${root}/$state`) === "ready");
    await bridge.stop();
    await controller.until(() => controller.known.get(`${root}/$state`) === "disconnected");
  });

  it("passes on what a controller sets, and nothing that a property does not take", async (context) => {
    const { site, session, startBridge, openEdge } = openSite(context, mosquitto.url);
    const wishes = await openEdge({ threshold: 0.8, policy: "meanet", deadline: "2000ms", train: "idle" });
    const own = session();
    const controller = await openController(own);
    await startBridge({ conventions: ["homie"] });
    const base = `homie/5/meanet-${site}-node-edge-1`;
    await controller.until(() => controller.known.get(`${base}/settings/training`) === "idle");
    await controller.until(() => controller.known.get(`${base}/$state`) === "ready");
    for (const [topic, payload] of [
      ["settings/threshold", "much"],
      ["settings/threshold", "-1"],
      ["settings/policy", "always"],
      ["status/state", "offline"],
      ["settings/train", "later"],
      ["settings/threshold", "0.25"],
      ["settings/policy", "edge-only"],
      ["settings/deadline", "1500"],
      ["settings/train", "now"],
    ]) {
      await own.publishBytes(`${base}/${topic}/set`, Buffer.from(payload!), { qos: 1, retain: false });
    }
    assert.deepEqual(await wishes(4), [
      ["threshold", 0.25],
      ["policy", "edge-only"],
      ["deadline", "1500ms"],
      ["train", "now"],
    ]);
  });

  it("takes away what a bridge before it told of and nobody brings back", async (context) => {
    const { site, session, startBridge, sayVerdict } = openSite(context, mosquitto.url);
    const controller = await openController(session());
    const first = await startBridge({ conventions: ["homie"] });
    const device = session();
    await device.connect();
    await sayVerdict(device, "cam-1", answerOf());
    const camera = `homie/5/meanet-${site}-device-cam-1`;
    await controller.until(() => controller.known.has(`${camera}/verdict/label`));
    await first.stop();
    await startBridge({ conventions: ["homie"], forgetAfter: "50ms" });
    await controller.until(() => ![...controller.known.keys()].some((topic) => topic.startsWith(camera)));
  });
});

describe("topics of a description that somebody retained", () => {
  const topicsOf = (description: string) =>
    topicsOfDescription("meanet-lab-node-edge-1", description, options);

  it("are those of its properties", () => {
    const nodes = { settings: { properties: { threshold: {} } } };
    const [state, , ...properties] = topicsOf(JSON.stringify({ nodes }));
    assert.deepEqual(properties, [state!.replace("$state", "settings/threshold")]);
  });

  for (const description of [
    "",
    "[]",
    '{"nodes":null}',
    '{"nodes":{"x":null}}',
    '{"nodes":{"x":{"properties":null}}}',
    '{"nodes":7}',
  ])
    it(`are the device's own alone where it says ${description || "nothing"}`, () => {
      assert.equal(topicsOf(description).length, 2);
    });

  it("are no more than a device of ours may have, whatever somebody retained", () => {
    const claimed = (letters: number) =>
      topicsOf(JSON.stringify({ nodes: { x: { properties: "x".repeat(letters) } } })).length;
    assert.deepEqual([claimed(40), claimed(60_000), claimed(1_000_000)], [2 + 40, 2 + 256, 2]);
  });
});
