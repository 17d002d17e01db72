import { EventEmitter, once } from "node:events";
import type { TestContext } from "node:test";
import type { Verdict } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import type { z } from "zod";
import { configSchema, start } from "./index.ts";
import { HomeAssistantReader } from "./testing/index.ts";

const log = createLog("test", "silent");
let sites = 0;

/** A site of its own for every test, since the broker is shared; what it opens ends with the test. */
export function openSite(context: TestContext, url: string) {
  const site = `site-${++sites}`;
  let names = 0;
  const session = (
    node = `${site}-${++names}`,
    status?: { kind: "edge"; version: string; models: string[] },
  ) => {
    const opened = new MqttSession({
      mqtt: mqttConfigSchema.parse({ url }),
      node,
      site,
      log,
      ...(status === undefined ? {} : { status }),
    });
    context.after(() => opened.close());
    return opened;
  };
  return {
    site,
    session,
    startBridge: async (changes: Partial<z.input<typeof configSchema>> = {}) => {
      const config = configSchema.parse({
        site,
        node: `${site}-bridge`,
        conventions: ["home-assistant"],
        interval: "10ms",
        mqtt: { url, reconnectInterval: "20ms" },
        ...changes,
      });
      const bridge = await start(config, { log });
      context.after(() => bridge.stop());
      return bridge;
    },
    /** An edge node with these values in force. @returns what waits for so many wishes of setting and value, and gives them all */
    openEdge: async (values: Readonly<Record<string, string | number>>) => {
      const edge = session("edge-1", { kind: "edge", version: "1.0.0", models: [] });
      const wishes: [setting: string, value: unknown][] = [];
      const events = new EventEmitter();
      edge.subscribe(edge.topics.set, { site, edge: "edge-1" }, ({ params, value }) => {
        wishes.push([params.setting, value]);
        events.emit("wish");
      });
      await edge.connect();
      for (const [setting, value] of Object.entries(values)) {
        const state = { value, at: 1, error: null };
        await edge.publish(edge.topics.state, { site, edge: "edge-1", setting }, state);
      }
      return async (count: number) => {
        while (wishes.length < count) await once(events, "wish");
        return wishes;
      };
    },
    openReader: async () => {
      const opened = session();
      const reader = new HomeAssistantReader(opened);
      await opened.connect();
      return reader;
    },
    sayVerdict: async (from: MqttSession, device: string, verdict: Verdict) => {
      await from.publish(from.topics.verdict, { site, device }, { ...verdict, site, device });
    },
  };
}
