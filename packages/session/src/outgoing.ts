import { isMeanetError, MeanetError } from "@meanet/runtime";

interface Entry {
  readonly qos: 0 | 1;
  readonly bytes: number;
  readonly settle: (outcome: boolean | MeanetError) => void;
}

/**
 * The messages that a session has handed to its client and that are not settled yet.
 *
 * mqtt.js queues without bound and never settles promises of a lost connection; this bounds the one and settles the other.
 */
export class Outgoing {
  readonly #entries = new Set<Entry>();
  readonly #limits: { readonly messages: number; readonly bytes: number };
  #bytes = 0;
  #waiting = 0;

  constructor(limits: { readonly messages: number; readonly bytes: number }) {
    this.#limits = limits;
  }

  /** QoS 1 messages that wait for their PUBACK. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A message larger than the limit may still go when nothing else waits. */
  isFull(bytes: number): boolean {
    return (
      this.#entries.size >= this.#limits.messages ||
      (this.#entries.size > 0 && this.#bytes + bytes > this.#limits.bytes)
    );
  }

  /**
   * @param send - hands the message over; calls back when it is sent (QoS 0) or acknowledged (QoS 1)
   * @returns true when sent; false when the message was lost with the connection
   */
  send(
    qos: 0 | 1,
    bytes: number,
    send: (sent: (error: Error | undefined) => void) => void,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        qos,
        bytes,
        settle: (outcome) => {
          if (!this.#entries.delete(entry)) return;
          this.#bytes -= bytes;
          this.#waiting -= qos;
          if (typeof outcome === "boolean") resolve(outcome);
          else reject(outcome);
        },
      };
      this.#entries.add(entry);
      this.#bytes += bytes;
      this.#waiting += qos;
      send((error) => {
        if (error === undefined) entry.settle(true);
        else if (qos === 0) entry.settle(false);
        else entry.settle(isMeanetError(error) ? error : closedError(error));
      });
    });
  }

  /** QoS 0 messages are lost with their connection; QoS 1 messages too, unless they are sent again on the next. */
  connectionLost(resends: boolean): void {
    for (const entry of [...this.#entries]) if (entry.qos === 0 || !resends) entry.settle(false);
  }

  /** Nothing will be sent any more. */
  abandon(): void {
    for (const entry of [...this.#entries]) entry.settle(entry.qos === 0 ? false : closedError());
  }
}

export function closedError(cause?: Error): MeanetError {
  return new MeanetError(
    "SESSION_CLOSED",
    "the MQTT session closed before the broker had acknowledged the message: it may be lost",
    {},
    { cause },
  );
}
