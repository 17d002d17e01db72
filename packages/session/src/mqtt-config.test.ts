import assert from "node:assert/strict";
import { test } from "node:test";
import { mqttConfigSchema } from "./mqtt-config.ts";

test("refuses times that would leave a node without connection", () => {
  // mqtt.js takes 0 for "never again", and MQTT knows no such keepalive.
  for (const settings of [{ reconnectInterval: "0s" }, { reconnectInterval: "30d" }, { keepalive: "19h" }]) {
    assert.ok(!mqttConfigSchema.safeParse(settings).success, JSON.stringify(settings));
  }
  assert.ok(mqttConfigSchema.safeParse({ reconnectInterval: "1ms", keepalive: "18h" }).success);
});
