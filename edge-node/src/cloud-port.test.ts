import assert from "node:assert/strict";
import { test } from "node:test";
import { mqttConfigSchema } from "@meanet/session";
import { freePort } from "@meanet/session/testing";
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
