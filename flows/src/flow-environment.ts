import { topicsUnder } from "@meanet/protocol";
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
    // Node-RED puts a variable in place of a whole field only.
    MEANET_WINDOW_TOPIC: topicsUnder(mqtt.topicPrefix).window.filter({ site }),
    MEANET_RECORDER_URL: recorder.url ?? "",
    // Node trusts it from the start, whatever node of a flow connects.
    ...(mqtt.ca === undefined ? {} : { NODE_EXTRA_CA_CERTS: mqtt.ca }),
  };
}
