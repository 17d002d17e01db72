import { MeanetError } from "@meanet/runtime/error";
import type { MqttClient } from "mqtt";

/** Connections in a row that may end with the same message first in line before it is given up. */
const MAX_ENDED = 3;

/**
 * Removes from its client a QoS 1 message over which the broker ends connection after connection, because it forbids it [MQTT-3.3.5-2] or
 * finds it too large. mqtt.js would for ever send it first on the next connection, and nothing after it; now the callback of its
 * `publish` gets an error.
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
    // An attempt that found no broker proves nothing.
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
