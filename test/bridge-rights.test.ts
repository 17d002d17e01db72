import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { HomeAssistantReader } from "@meanet/bridge/testing";
import { Site } from "./rig/site.ts";

/** As in the guide to security; here they are everyone's. */
const PUBLISH = ["meanet/v1/default/bridge/+", "homeassistant/device/#"];
const SUBSCRIBE = ["meanet/v1/default/#", "homeassistant/#"];

describe("a broker that gives a bridge the rights of the guide and no more", () => {
  const site = new Site();
  after(() => site.close());

  it("lets it hear and announce", async () => {
    await site.startBroker(
      ...["--authentication-anonymous-publish", PUBLISH.join(",")],
      ...["--authentication-anonymous-subscribe", SUBSCRIBE.join(",")],
    );
    // Ready when every subscription is granted.
    await site.startBridge("--conventions", "home-assistant");
    const session = site.openSession("home-assistant");
    const reader = new HomeAssistantReader(session);
    await session.connect();
    await reader.until(() => reader.state("meanet_default_node_bridge", "state") === "online");
    await reader.until(() => reader.state("meanet_default_node_broker", "state") === "online");
    assert.deepEqual(reader.breaches, []);
  });
});
