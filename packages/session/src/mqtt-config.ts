import { DEFAULT_TOPIC_PREFIX } from "@meanet/protocol";
import { timerMs } from "@meanet/runtime";
import { z } from "zod";

/** MQTT 3.1.1 writes it in 16 bits, as seconds (§3.1.2.10). */
const MAX_KEEPALIVE_MS = 65_535_000;

/** How a process reaches the broker; every process that speaks MQTT has this section. */
export const mqttConfigSchema = z
  .strictObject({
    url: z
      .string()
      .regex(/^(mqtts?|wss?|tcp):\/\/.+/, "expected a URL such as mqtt://127.0.0.1:1883")
      .default("mqtt://127.0.0.1:1883")
      .describe("broker: mqtt://, mqtts://, ws:// or wss://"),
    username: z.string().optional().describe("user name at the broker"),
    password: z.string().optional().describe("password at the broker"),
    ca: z.string().optional().describe("file with the certificate authority of the broker (PEM)"),
    topicPrefix: z.string().default(DEFAULT_TOPIC_PREFIX).describe("levels before the site in every topic"),
    keepalive: timerMs
      .refine((ms) => ms <= MAX_KEEPALIVE_MS, 'expected up to "18h"')
      .prefault("30s")
      .describe("interval after which a silent connection counts as dead"),
    reconnectInterval: timerMs.prefault("1s").describe("wait between attempts to connect"),
  })
  .prefault({});
export type MqttConfig = z.output<typeof mqttConfigSchema>;
