export type { Message, SubscribeOptions } from "./incoming.ts";
export { type MqttConfig, mqttConfigSchema } from "./mqtt-config.ts";
export { MqttSession, type SessionOptions, type Subscribed } from "./session.ts";
export { StatsPublisher } from "./stats-publisher.ts";
export type { Will } from "./will.ts";
