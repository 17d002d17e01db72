import type { AedesPublishPacket } from "aedes";
import { withOwnBytes } from "./own-bytes.ts";

/** A message to a session, or the PUBREL that took its place in the QoS 2 handshake. */
export type OutgoingPacket = AedesPublishPacket | { cmd: "pubrel"; messageId: number };

/** A packet as Aedes hands it to its persistence. */
export interface PacketIdentity {
  readonly cmd?: string;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  readonly messageId?: number | undefined;
}

export interface QueueBounds {
  readonly messages: number;
  readonly bytes: number;
}

interface Entry {
  packet: OutgoingPacket;
  messageId: number | undefined;
  readonly bytes: number;
}

/** Rough cost of an entry beside its topic and payload. */
const ENTRY_BYTES = 256;

/**
 * What one session still owes its client: QoS 1 and 2 messages in the order they came, sent and unacknowledged ones
 * included. Found by the broker's number of the message, later by the packet identifier it was sent with.
 */
export class OutgoingQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #byMessageId = new Map<number, string>();
  #bytes = 0;

  get length(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps `packet` unless that breaks a bound; a packet that is kept already stays as it is. */
  enqueue(packet: AedesPublishPacket, bounds: QueueBounds): boolean {
    const key = keyOf(packet);
    if (this.#entries.has(key)) return true;
    const bytes = ENTRY_BYTES + packet.topic.length + packet.payload.length;
    if (this.#entries.size >= bounds.messages || this.#bytes + bytes > bounds.bytes) return false;
    this.#entries.set(key, { packet: withOwnBytes(packet), messageId: undefined, bytes });
    this.#bytes += bytes;
    return true;
  }

  /** Notes the identifier a message goes out with, or that its PUBREL took its place. Unknown packets are let be. */
  update(packet: PacketIdentity): void {
    if (packet.messageId === undefined) return;
    const key = packet.cmd === "pubrel" ? this.#byMessageId.get(packet.messageId) : keyOf(packet);
    const entry = key === undefined ? undefined : this.#entries.get(key);
    if (key === undefined || entry === undefined) return;
    if (packet.cmd === "pubrel") entry.packet = { cmd: "pubrel", messageId: packet.messageId };
    if (entry.messageId !== undefined) this.#byMessageId.delete(entry.messageId);
    entry.messageId = packet.messageId;
    this.#byMessageId.set(packet.messageId, key);
  }

  /** Forgets the message sent with this identifier: its client has it. */
  acknowledge(messageId: number): OutgoingPacket | undefined {
    const key = this.#byMessageId.get(messageId);
    if (key === undefined) return undefined;
    const entry = this.#entries.get(key)!;
    this.#byMessageId.delete(messageId);
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    return entry.packet;
  }

  /** Everything owed, oldest first; what was sent before keeps its identifier [MQTT-4.4.0-1] and is marked DUP [MQTT-3.3.1-1]. */
  packets(): OutgoingPacket[] {
    return [...this.#entries.values()].map(({ packet, messageId }) =>
      packet.cmd === "pubrel" || messageId === undefined ? packet : { ...packet, messageId, dup: true },
    );
  }
}

function keyOf({ brokerId, brokerCounter }: PacketIdentity): string {
  return `${brokerId}:${brokerCounter}`;
}
