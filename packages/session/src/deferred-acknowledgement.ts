import type { IPublishPacket, MqttClient } from "mqtt";

/** Passed to mqtt.js instead of an error: it then sends no PUBACK and goes on reading. */
const LATER = new Error("acknowledged later");

/**
 * Lets the receiver of a QoS 1 message decide when it is acknowledged, while the socket goes on being read.
 *
 * mqtt.js sends the PUBACK from the callback of `handleMessage` and reads no further packet until that is called. With an
 * error it skips the PUBACK and reads on; the PUBACK is then sent from here. A message of an earlier
 * connection is not acknowledged: the broker delivers it again under an identifier of the new one.
 */
export function deferAcknowledgement(
  client: MqttClient,
  receive: (packet: IPublishPacket, acknowledge: () => void) => void,
): void {
  let connection = 0;
  client.on("connect", () => {
    connection += 1;
  });
  client.handleMessage = (packet, done) => {
    if (packet.qos === 0) {
      receive(packet, () => undefined);
      done();
      return;
    }
    const receivedOn = connection;
    let open = true;
    receive(packet, () => {
      if (!open) return;
      open = false;
      if (receivedOn !== connection || !client.connected) return;
      client["_sendPacket"]({ cmd: "puback", messageId: packet.messageId! });
    });
    done(LATER);
  };
}
