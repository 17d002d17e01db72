import { idSchema as id } from "@meanet/protocol";
import { durationMs, httpConfigSchema, timerMs } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { z } from "zod";
import { conventionNames } from "./convention.ts";

const prefix = z
  .string()
  .regex(/^[^+#/\s$][^+#/\s]*(\/[^+#/\s]+)*$/, 'expected levels without "+", "#" and spaces');
const count = z.int().min(1).max(10_000);

/** Settings of the bridge. */
export const configSchema = z.strictObject({
  site: id.default("default").describe("site whose nodes and devices are passed on"),
  node: id.default("bridge").describe("name of this node, and client id at the broker"),
  conventions: z
    .array(z.enum(conventionNames))
    .default([])
    .describe(`conventions to serve: ${conventionNames.join(", ")}; none by default`),
  interval: durationMs
    .refine((ms) => ms >= 10 && ms <= 60_000, 'expected "10ms" to "1m"')
    .prefault("1s")
    .describe("time between two checks for changes; of several changes in it, only the last is passed on"),
  silentAfter: durationMs
    .prefault("10m")
    .describe("a camera or sensor without a verdict for so long counts as away"),
  forgetAfter: durationMs
    .prefault("1d")
    .describe("what has been away for so long is removed from the other ecosystems"),
  limits: z
    .strictObject({
      nodes: count.default(200).describe("most nodes; messages of others are dropped and counted"),
      devices: count
        .default(500)
        .describe("most cameras and sensors; messages of others are dropped and counted"),
    })
    .prefault({}),
  homeAssistant: z
    .strictObject({
      prefix: prefix
        .default("homeassistant")
        .describe("discovery prefix, as in Home Assistant's MQTT options"),
    })
    .prefault({}),
  homie: z
    .strictObject({
      prefix: prefix.default("homie").describe("first levels of Homie's topics, before /5/"),
    })
    .prefault({}),
  sparkplug: z
    .strictObject({
      group: z
        .string()
        .regex(/^[^+#/]{1,64}$/, 'expected 1 to 64 characters without "+", "#" and "/"')
        .optional()
        .describe("group id of this edge node of Sparkplug; left out: the site"),
    })
    .prefault({}),
  statsInterval: timerMs.prefault("5s").describe("time between two publications of this node's stats"),
  mqtt: mqttConfigSchema,
  http: httpConfigSchema,
});
export type Config = z.output<typeof configSchema>;
