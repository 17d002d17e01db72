import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { configSchema, start } from "@meanet/broker";
import type { Stats } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { type MqttConfig, MqttSession, mqttConfigSchema } from "@meanet/session";
import { answered, refused } from "../verdict.fixture.ts";
import { Observer } from "./observer.ts";

const log = createLog("observer-test", "silent");
const site = "lab";

let mqtt: MqttConfig;
let broker: Awaited<ReturnType<typeof start>>;
let nodes: MqttSession;
before(async () => {
  broker = await start(
    configSchema.parse({ listeners: { tcp: { port: 0 } }, http: { enabled: false }, stopTimeout: "10ms" }),
    { log },
  );
  mqtt = mqttConfigSchema.parse({ url: `mqtt://127.0.0.1:${broker.addresses.tcp!.port}` });
  nodes = new MqttSession({ mqtt, node: "nodes", site, log });
  await nodes.connect();
});
after(async () => {
  await nodes.close();
  await broker.stop();
});

describe("observer", () => {
  it("judges the final verdicts of all devices by the labels told before", async (context) => {
    const seen: [string, boolean | undefined][] = [];
    const all = Promise.withResolvers<void>();
    const observer = new Observer({
      mqtt,
      site,
      clientId: "observer-1",
      log,
      onFinal: ({ id }, correct) => {
        seen.push([id, correct]);
        if (seen.length === 4) all.resolve();
      },
    });
    await observer.connect(10_000);
    context.after(() => observer.close());
    const { label, verdict } = nodes.topics;
    const device = "camera-1";
    await nodes.publish(label, { site, device, id: "a" }, { label: "Bag" });
    await nodes.publish(label, { site, device, id: "b" }, { label: 3 });
    await nodes.publish(label, { site, device, id: "d" }, { label: "Bag" });
    await nodes.publish(verdict, { site, device }, answered({ id: "a", final: false, label: "Coat" }));
    await nodes.publish(verdict, { site, device }, answered({ id: "a", label: "Bag" }));
    await nodes.publish(verdict, { site, device }, answered({ id: "b", label: "Bag", classIndex: 8 }));
    await nodes.publish(verdict, { site, device }, answered({ id: "c" }));
    await nodes.publish(verdict, { site, device }, refused({ id: "d" }));
    await all.promise;
    assert.deepEqual(seen, [
      ["a", true],
      ["b", false],
      ["c", undefined],
      ["d", undefined],
    ]);
  });

  it("counts a frame once, however often its answer is told", async (context) => {
    const seen: string[] = [];
    const last = Promise.withResolvers<void>();
    const observer = new Observer({
      mqtt,
      site,
      clientId: "observer-3",
      log,
      onFinal: ({ device, id }) => {
        seen.push(`${device}/${id}`);
        if (id === "last") last.resolve();
      },
    });
    await observer.connect(10_000);
    context.after(() => observer.close());
    for (const [device, id] of [
      ["camera-1", "a"],
      ["camera-1", "a"],
      ["camera-2", "a"],
    ] as const) {
      await nodes.publish(nodes.topics.verdict, { site, device }, answered({ device, id }));
    }
    const ofEarlierRun = answered({ device: "camera-1", id: "old", at: Date.now() - 60_000 });
    await nodes.publish(nodes.topics.verdict, { site, device: "camera-1" }, ofEarlierRun);
    await nodes.publish(nodes.topics.verdict, { site, device: "camera-1" }, answered({ id: "last" }));
    await last.promise;
    assert.deepEqual(seen, ["camera-1/a", "camera-2/a", "camera-1/last"]);
  });

  it("adds up what the nodes lost since it began, also over their restarts, and nothing from before", async (context) => {
    const stats = (drops: Record<string, number>, uptimeS: number, at = Date.now() + 1_000): Stats => {
      return { kind: "edge", at, uptimeS, counters: {}, drops, queues: {} };
    };
    const publish = (node: string, value: Stats) => nodes.publish(nodes.topics.stats, { site, node }, value);
    await publish("edge-9", stats({ overload: 100 }, 3600, Date.now() - 60_000));
    const last = Promise.withResolvers<void>();
    const observer = new Observer({ mqtt, site, clientId: "observer-2", log, onFinal: () => last.resolve() });
    await observer.connect(10_000);
    context.after(() => observer.close());
    // Begun since: all of it counts.
    await publish("edge-1", stats({ overload: 1 }, 0));
    await publish("edge-1", stats({ overload: 2, undecodable: 3 }, 1));
    // There before: what it lost until now is not known to be ours.
    await publish("edge-2", stats({ overload: 10 }, 7200));
    await publish("edge-2", stats({ overload: 14 }, 7201));
    // Begun anew.
    await publish("edge-2", stats({ overload: 20 }, 1));
    // In order behind them: when this is there, they are.
    await nodes.publish(nodes.topics.verdict, { site, device: "camera-1" }, answered());
    await last.promise;
    assert.equal(observer.drops, 5 + 4 + 20);
  });
});
