import type { AedesPublishPacket } from "aedes";
import { matches } from "./topic-filter.ts";

/** Comparisons after which others get their turn: one SUBSCRIBE may hold many wildcard filters. */
const BATCH = 2000;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The last retained message of each topic, bounded in number and bytes. */
export class RetainedMessages {
  readonly #messages = new Map<string, AedesPublishPacket>();
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#messages.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Replaces the message of its topic, or removes it when the payload is empty. False when there is no room for it. */
  store(packet: AedesPublishPacket): boolean {
    const before = this.#messages.get(packet.topic);
    const freed = before === undefined ? 0 : sizeOf(before);
    if (packet.payload.length === 0) {
      this.#messages.delete(packet.topic);
      this.#bytes -= freed;
      return true;
    }
    const size = sizeOf(packet);
    if (before === undefined && this.#messages.size >= this.#maxMessages) return false;
    if (this.#bytes - freed + size > this.#maxBytes) return false;
    this.#messages.set(packet.topic, packet);
    this.#bytes += size - freed;
    return true;
  }

  /** The messages that any of `filters` takes. */
  async *matching(filters: readonly string[]): AsyncGenerator<AedesPublishPacket> {
    let compared = 0;
    for (const filter of filters) {
      if (!/[+#]/.test(filter)) {
        const packet = this.#messages.get(filter);
        if (packet !== undefined) yield packet;
        continue;
      }
      for (const [topic, packet] of this.#messages) {
        if (++compared % BATCH === 0) await turn();
        if (matches(filter, topic)) yield packet;
      }
    }
  }

  clear(): void {
    this.#messages.clear();
    this.#bytes = 0;
  }
}

function sizeOf({ topic, payload }: AedesPublishPacket): number {
  return topic.length + payload.length;
}
