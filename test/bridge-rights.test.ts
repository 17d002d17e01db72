import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { encodeCommand, HomeAssistantReader, SparkplugHost } from "@meanet/bridge/testing";
import { Site } from "./rig/site.ts";

/** As in the guide to security; here they are everyone's. */
const PUBLISH = [
  "meanet/v1/default/bridge/+",
  ...["homeassistant/device/#", "homie/5/#", "spBv1.0/default/#"],
  "meanet/v1/default/+/set/+",
];
const SUBSCRIBE = ["meanet/v1/default/#", "homeassistant/#", "homie/5/#", "spBv1.0/default/#"];

describe("a broker that gives a bridge the rights of the guide and no more", () => {
  const site = new Site();
  after(() => site.close());

  it("lets it hear and announce", async () => {
    await site.startBroker(
      ...["--authentication-anonymous-publish", PUBLISH.join(",")],
      ...["--authentication-anonymous-subscribe", SUBSCRIBE.join(",")],
    );
    // Ready when every subscription is granted.
    await site.startBridge("--conventions", "home-assistant,homie,sparkplug");
    const session = site.openSession("host");
    const reader = new HomeAssistantReader(session);
    const host = new SparkplugHost(session, "default", "bridge");
    await session.connect();
    await reader.until(() => reader.state("meanet_default_node_bridge", "state") === "online");
    await reader.until(() => reader.state("meanet_default_node_broker", "state") === "online");
    // A rebirth: it may have been born before this host was there.
    await host.command(undefined, encodeCommand([{ name: "Node Control/Rebirth", value: true }]));
    await host.until(() => host.metrics.get("node:broker")?.get("state") === "online");
    assert.deepEqual([...reader.breaches, ...host.breaches], []);
  });
});
