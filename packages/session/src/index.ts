export type { Message, SubscribeOptions } from "./incoming.ts";
export { type MqttConfig, mqttConfigSchema } from "./mqtt-config.ts";
export { MqttSession, type SessionOptions, type Subscribed, type Will } from "./session.ts";
export { StatsPublisher } from "./stats-publisher.ts";
