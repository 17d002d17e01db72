import type { IPublishPacket, MqttClient } from "mqtt";

/** Passed to mqtt.js as an error, so that it sends no PUBACK and goes on reading. */
const LATER = new Error("acknowledged later");
/** Private in mqtt.js; its public `publish` and `subscribe` cannot send a PUBACK. */
const SEND_PACKET = "_sendPacket";

/**
 * Lets the receiver of a QoS 1 message decide when it is acknowledged, while the socket goes on being read.
 *
 * mqtt.js sends the PUBACK from the callback of `handleMessage` and reads no further packet until that is called. With an
 * error it skips the PUBACK and reads on; the PUBACK is then sent from here. A message of an earlier
 * connection is not acknowledged: the broker delivers it again, under an identifier that counts on the new one.
 *
 * A connection is identified by its stream. The event `connect` would not do: mqtt.js emits it only when everything that waited has been
 * sent, and by then messages of the new connection have long arrived.
 *
 * @param receive - must not throw
 */
export function deferAcknowledgement(
  client: MqttClient,
  receive: (packet: IPublishPacket, acknowledge: () => void) => void,
): void {
  client.handleMessage = (packet, done) => {
    if (packet.qos === 0) {
      receive(packet, () => undefined);
      done();
      return;
    }
    const receivedOn = client.stream;
    // So that whoever keeps `acknowledge` does not keep the payload alive with it.
    const messageId = packet.messageId!;
    let open = true;
    receive(packet, () => {
      if (!open) return;
      open = false;
      if (receivedOn !== client.stream || !client.connected) return;
      client[SEND_PACKET]({ cmd: "puback", messageId });
    });
    done(LATER);
  };
}
