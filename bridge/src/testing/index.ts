/** What reads the bridge's messages in tests, as the ecosystems would: `@meanet/bridge/testing`. */

export { foreignTopic } from "../foreign-topic.ts";
export { discoveryBreaches } from "./discovery-rules.ts";
export { HomeAssistantReader } from "./home-assistant-reader.ts";
export { homieBreaches } from "./homie-rules.ts";
export { decodeSparkplug, encodeCommand, SparkplugHost } from "./sparkplug-host.ts";
export { renderTemplate } from "./template.ts";
