import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { topicsUnder } from "@meanet/protocol";
import { emptyModel, type Message, type Model, reduce } from "./device-model.ts";
import { configTopic, type Discovery, discoveryMessages, keyOfConfigTopic } from "./home-assistant.ts";
import { answerOf, energyOf, refusalOf, statsOf, statusOf } from "./payloads-for-tests.ts";
import { discoveryBreaches } from "./testing/index.ts";

const options = {
  prefix: "homeassistant",
  site: "lab",
  topics: topicsUnder(),
  version: "1.0.0",
  silentMs: 60_000,
};
const limits = { nodes: 10, devices: 10 };

function after(messages: readonly Message[], from: Model = emptyModel): Model {
  return messages.reduce((model, message) => reduce(model, message, 1, limits), from);
}

const setting = (source: "threshold" | "policy" | "deadline" | "train", value: string | number): Message => ({
  source,
  id: "edge-1",
  payload: { value, at: 1, error: null },
});
const everything = after([
  { source: "status", id: "edge-1", payload: statusOf() },
  { source: "stats", id: "edge-1", payload: statsOf() },
  { source: "energy", id: "edge-1", payload: energyOf() },
  ...[
    setting("threshold", 0.8),
    setting("policy", "meanet"),
    setting("deadline", "2s"),
    setting("train", ""),
  ],
  { source: "verdict", id: "cam-1", payload: answerOf() },
  { source: "verdict", id: "cam-1", payload: refusalOf() },
]);

function read(model: Model, before: Model = emptyModel): Map<string, Discovery | undefined> {
  const messages = discoveryMessages(before, model, options);
  return new Map(
    messages.map(({ topic, payload }) => {
      const text = Buffer.from(payload).toString();
      return [topic, text === "" ? undefined : (JSON.parse(text) as Discovery)];
    }),
  );
}

describe("discovery messages", () => {
  it("keep the rules that Home Assistant documents", () => {
    const messages = discoveryMessages(emptyModel, everything, options);
    assert.equal(messages.length, 2);
    for (const { topic, payload, retain, qos } of messages) {
      assert.deepEqual(discoveryBreaches(topic, Buffer.from(payload).toString()), []);
      assert.deepEqual([retain, qos], [true, 1]);
    }
  });

  it("name a topic of their own for each device", () => {
    assert.deepEqual(
      [...read(everything).keys()],
      [
        "homeassistant/device/meanet_lab_node_edge-1/config",
        "homeassistant/device/meanet_lab_device_cam-1/config",
      ],
    );
  });

  it("point at MEANet's own topics", () => {
    const { components, availability } = read(everything).get(configTopic("node/edge-1", options))!;
    assert.equal(availability?.[0]?.topic, "meanet/v1/lab/edge-1/status");
    assert.equal(components.frames?.state_topic, "meanet/v1/lab/edge-1/stats");
    assert.equal(components.threshold?.state_topic, "meanet/v1/lab/edge-1/state/threshold");
    assert.equal(components.threshold?.command_topic, "meanet/v1/lab/edge-1/set/threshold");
    assert.equal(components.policy?.platform, "select");
    assert.equal(components.train?.platform, "button");
  });

  it("say nothing about a device that has not changed", () => {
    const busier = after([{ source: "stats", id: "edge-1", payload: statsOf({ uptimeS: 99 }) }], everything);
    assert.deepEqual(discoveryMessages(everything, busier, options), []);
  });

  it("take away a component that is gone before they leave it out", () => {
    const less = after([setting("threshold", "bundle")], everything);
    const messages = discoveryMessages(everything, less, options);
    const [stub, without] = messages.map(
      ({ payload }) => (JSON.parse(Buffer.from(payload).toString()) as Discovery).components,
    );
    assert.deepEqual(stub?.threshold, { platform: "number" });
    assert.equal(without?.threshold, undefined);
    assert.equal(messages.length, 2);
  });

  it("take away a device that is gone", () => {
    const devices = new Map(everything.devices);
    devices.delete("device/cam-1");
    assert.deepEqual(
      [...read({ ...everything, devices }, everything)],
      [["homeassistant/device/meanet_lab_device_cam-1/config", undefined]],
    );
  });

  it("are known again by their topic, and those of other sites and makers are not", () => {
    const key = "device/cam-1";
    assert.equal(keyOfConfigTopic(configTopic(key, options), options), key);
    assert.equal(keyOfConfigTopic(configTopic(key, { ...options, site: "hall" }), options), undefined);
    assert.equal(keyOfConfigTopic("homeassistant/device/0AFFD2/config", options), undefined);
    assert.equal(keyOfConfigTopic("ha/device/meanet_lab_device_cam-1/config", options), undefined);
  });
});
