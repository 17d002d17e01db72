import type { Config } from "./config.ts";

/**
 * What the delivered flows read as `${MEANET_BROKER_URL}` and so on: the same flows fit every installation, and follow when
 * broker or recorder move.
 */
export function flowEnvironment({ site, mqtt, recorder }: Config): Record<string, string> {
  return {
    MEANET_BROKER_URL: mqtt.url,
    MEANET_BROKER_USERNAME: mqtt.username ?? "",
    MEANET_BROKER_PASSWORD: mqtt.password ?? "",
    MEANET_BROKER_CA: mqtt.ca ?? "",
    MEANET_TOPIC_PREFIX: mqtt.topicPrefix,
    MEANET_SITE: site,
    MEANET_RECORDER_URL: recorder.url ?? "",
  };
}
