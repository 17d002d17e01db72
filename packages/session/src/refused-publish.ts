import { MeanetError } from "@meanet/runtime/error";
import type { MqttClient } from "mqtt";

/** Connections that end, one after the other, with the same message first in line, until it is given up. */
const MAX_ENDED = 3;

/**
 * Takes a QoS 1 message away from its client over which the broker ends connection after connection: it forbids it [MQTT-3.3.5-2], or
 * takes none so large. mqtt.js would send it first on the next one, for ever, and nothing after it; the callback of its `publish` then
 * gets an error.
 */
export function giveUpRefused(client: MqttClient): void {
  /** Sent on this connection and not acknowledged, by packet identifier, the oldest first. */
  const unacknowledged = new Set<number>();
  let suspect: number | undefined;
  let ended = 0;
  client.on("packetsend", (packet) => {
    if (packet.cmd === "publish" && packet.qos === 1) unacknowledged.add(packet.messageId!);
  });
  client.on("packetreceive", (packet) => {
    if (packet.cmd === "puback") unacknowledged.delete(packet.messageId!);
  });
  client.on("close", () => {
    const [first] = unacknowledged;
    unacknowledged.clear();
    // An attempt that found no broker tells nothing.
    if (first === undefined || client.disconnecting) return;
    ended = first === suspect ? ended + 1 : 1;
    suspect = first;
    if (ended < MAX_ENDED) return;
    suspect = undefined;
    client.removeOutgoingMessage(first);
  });
}

export function refusedError(name: string, bytes: number, cause: Error): MeanetError {
  return new MeanetError(
    "PUBLISH_REFUSED",
    `the broker ended ${MAX_ENDED} connections in a row on a message of ${bytes} bytes to ${name}: check that it takes such a size, and the right of this user to publish there`,
    { name, bytes },
    { cause },
  );
}
