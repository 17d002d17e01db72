import { readFileSync } from "node:fs";
import { MeanetError } from "@meanet/runtime";
import type { IClientOptions } from "mqtt";
import type { MqttConfig } from "./mqtt-config.ts";

/**
 * Options of mqtt.js that follow from the configuration.
 *
 * @throws {MeanetError} CONFIG_UNREADABLE when the certificate file cannot be read
 */
export function clientOptions({
  keepalive,
  reconnectInterval,
  username,
  password,
  ca,
}: MqttConfig): IClientOptions {
  return {
    manualConnect: true,
    protocolVersion: 4,
    keepalive: Math.max(1, Math.round(keepalive / 1000)),
    reconnectPeriod: reconnectInterval,
    // A broker that has just started may know its users later, or be unavailable for a while.
    reconnectOnConnackError: true,
    // The session itself subscribes anew on every connect; QoS 0 must not queue without bound while offline.
    resubscribe: false,
    queueQoSZero: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca: readAuthority(ca) }),
  };
}

function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new MeanetError(
      "CONFIG_UNREADABLE",
      `mqtt.ca: cannot read ${file}; check the path and its rights`,
      { file },
      { cause },
    );
  }
}
