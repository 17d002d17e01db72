import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema, StatsPublisher } from "./index.ts";
import { startMosquitto } from "./testing/index.ts";

test("stats and energy are published on a connection, and a last time on stop", async (context) => {
  const broker = await startMosquitto();
  context.after(() => broker.stop());
  const open = (node: string) => {
    const mqtt = mqttConfigSchema.parse({ url: broker.url });
    const session = new MqttSession({ mqtt, node, site: "lab", log: createLog("test", "silent") });
    context.after(() => session.close());
    return session;
  };
  const watcher = open("watcher");
  const arrivals = new EventTarget();
  const seen: unknown[] = [];
  const see = (entry: unknown) => {
    seen.push(entry);
    arrivals.dispatchEvent(new Event("arrival"));
  };
  const until = async (length: number) => {
    while (seen.length < length) await once(arrivals, "arrival");
  };
  const uptimes: number[] = [];
  watcher.subscribe(
    watcher.topics.stats,
    { node: "worker-1" },
    ({ value: { kind, counters, uptimeS, memoryBytes } }) => {
      uptimes.push(uptimeS);
      assert.ok(memoryBytes! > 1e6);
      see({ kind, counters });
    },
  );
  watcher.subscribe(watcher.topics.energy, { node: "worker-1" }, ({ value: { computeJ, source } }) => {
    see({ computeJ, source });
  });
  await watcher.connect();

  const session = open("worker-1");
  let batches = 1;
  const publisher = new StatsPublisher({
    session,
    kind: "worker",
    intervalMs: 3_600_000,
    stats: () => ({ counters: { batches }, drops: {}, queues: {} }),
    energy: () => ({ computeJ: batches * 2, uplinkJ: 0, source: "modelled:gpu-server" }),
    onError: (error) => assert.fail(String(error)),
  });
  await session.connect();
  await until(2);
  batches = 2;
  // The clock steps back an hour: the uptime must not.
  const stepped = Date.now() - 3_600_000;
  context.mock.method(Date, "now", () => stepped);
  await publisher.stop();
  await until(4);
  assert.deepEqual(seen, [
    { kind: "worker", counters: { batches: 1 } },
    { computeJ: 2, source: "modelled:gpu-server" },
    { kind: "worker", counters: { batches: 2 } },
    { computeJ: 4, source: "modelled:gpu-server" },
  ]);
  assert.ok(uptimes.length === 2 && uptimes[1]! > uptimes[0]!);
});
