export { type MqttConfig, mqttConfigSchema } from "./mqtt-config.ts";
export { type Message, MqttSession, type SessionOptions, type SubscribeOptions } from "./session.ts";
