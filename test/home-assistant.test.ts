import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HomeAssistantReader } from "@meanet/bridge/testing";
import { load, sampleFrames } from "./rig/frames.ts";
import { Site } from "./rig/site.ts";

const FRAMES = 40;
const EDGE = "meanet_default_node_edge-1";
const CAMERA = "meanet_default_device_camera-1";

describe("a site in Home Assistant", () => {
  const site = new Site();
  let reader: HomeAssistantReader;
  before(async () => {
    await site.startUp("--no-replay", "--conventions", "home-assistant");
    const session = site.openSession("home-assistant");
    reader = new HomeAssistantReader(session);
    await session.connect();
  });
  after(() => site.close());

  it("shows every node by itself, all of them there", async () => {
    const nodes = ["broker", "recorder", "worker-1", "edge-1", "bridge"];
    const state = (node: string) => reader.state(`meanet_default_node_${node}`, "state");
    await reader.until(() => nodes.every((node) => state(node) === "online"));
    assert.deepEqual(reader.breaches, []);
  });

  it("shows a camera and its last verdict once it has sent a frame, and counts its frames", async () => {
    const camera = await site.openCamera("camera-1");
    const answers = await load({ camera, frames: await sampleFrames(), count: FRAMES });
    await reader.until(() => reader.devices.has(CAMERA));
    await camera.publishFrame((await sampleFrames())[0]!, { id: "last" });
    const { verdict } = await camera.awaitVerdict("last", 60_000);
    assert.equal(verdict.outcome, "answered");
    await reader.until(() => reader.attributes(CAMERA, "label").id === "last");
    assert.equal(reader.state(CAMERA, "label"), verdict.label);
    assert.equal(reader.state(CAMERA, "exit"), verdict.exit);
    assert.equal(reader.state(CAMERA, "refused"), "off");
    assert.equal(Number(reader.state(CAMERA, "confidence")), verdict.confidence);
    const { mainJ, extensionJ, uplinkJ } = verdict.energy;
    assert.equal(Number(reader.state(CAMERA, "frame-energy")), mainJ + extensionJ + uplinkJ);
    const frames = answers.length + 1;
    await reader.until(() => reader.state(EDGE, "frames") === String(frames));
    const exits = ["answers-main", "answers-extension", "answers-cloud"];
    const answered = exits.reduce((sum, exit) => sum + Number(reader.state(EDGE, exit)), 0);
    assert.equal(answered, frames);
    await reader.until(() => Number(reader.state(EDGE, "energy-compute")) > 0);
    assert.deepEqual(reader.breaches, []);
  });

  it("sets what an edge node can be set to, and tells why not", async () => {
    await reader.command(EDGE, "threshold", 0.8);
    await reader.until(() => reader.state(EDGE, "threshold") === "0.8");
    await reader.command(EDGE, "policy", "edge-only");
    await reader.until(() => reader.state(EDGE, "policy") === "edge-only");
    await reader.command(EDGE, "deadline", 1500);
    await reader.until(() => reader.state(EDGE, "deadline") === "1500");
    await reader.command(EDGE, "train");
    // It learns nothing unless its configuration says so.
    await reader.until(() => typeof reader.attributes(EDGE, "training").error === "string");
    assert.deepEqual(reader.breaches, []);
  });
});
