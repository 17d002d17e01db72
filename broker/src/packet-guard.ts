/** Why the bytes of a client cannot be MQTT, or not MQTT that this broker takes. */
type GuardReason = "not-mqtt" | "malformed-length" | "packet-too-large";

export interface GuardFinding {
  readonly reason: GuardReason;
  readonly message: string;
}

/** What was read of a chunk. */
export interface Passage {
  /** Where the first whole packet in it ends, counted from the beginning of the chunk; 0 when none does. */
  readonly first: number;
  /** Where the last one ends. */
  readonly last: number;
  /** Why the rest of the chunk is still to be scanned: the last packet must be answered first, or others shall get their turn. */
  readonly pause?: "answer" | "turn" | undefined;
  /** What is wrong with the stream, if anything: the connection must then end. */
  readonly finding?: GuardFinding | undefined;
}

const CONNECT = 1;
/**
 * CONNECT, SUBSCRIBE and UNSUBSCRIBE change what the packets behind them mean. Aedes works on all packets it is given at once: those
 * three must be over before it gets the next.
 */
const AWAITS_ANSWER: ReadonlySet<number> = new Set([CONNECT, 8, 10]);
/** Packets that Aedes gets in one turn of the event loop: a WebSocket message may hold a million. */
const PACKETS_PER_TURN = 1000;
/** A CONNECT holds at most five fields of 64 KiB: who has not connected yet gets no larger packet. */
const MAX_CONNECT_BYTES = 12 + 5 * (2 + 65_535);

/**
 * Reads the fixed headers of one client's packets as the bytes pass, however they are cut: where each packet ends, and whether it
 * announces too much, which is found by its header, before its bytes pile up.
 *
 * @param maxPacketBytes - largest packet, fixed header included
 * @see MQTT 3.1.1 §2.2: one byte of type, then the remaining length in one to four bytes of seven bits
 */
export class PacketGuard {
  readonly #maxPacketBytes: number;
  /** Bytes of the present packet's body still to pass. */
  #body = 0;
  #headerBytes = 0;
  #remaining = 0;
  #type = 0;
  #first = true;

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** Bytes to come of a packet whose header is whole. */
  get missingBytes(): number {
    return this.#body;
  }

  /** Reads on, up to the end of `chunk` or a reason to pause. */
  scan(chunk: Uint8Array): Passage {
    let at = 0;
    let first = 0;
    let last = 0;
    let packets = 0;
    while (at < chunk.length) {
      if (this.#body > 0) {
        const passing = Math.min(this.#body, chunk.length - at);
        this.#body -= passing;
        at += passing;
      } else {
        const finding = this.#header(chunk[at++]!);
        if (finding !== undefined) return { first, last, finding };
      }
      if (this.#body > 0 || this.#headerBytes > 0) continue;
      if (first === 0) first = at;
      last = at;
      if (AWAITS_ANSWER.has(this.#type)) return { first, last, pause: "answer" };
      if (++packets === PACKETS_PER_TURN && at < chunk.length) return { first, last, pause: "turn" };
    }
    return { first, last };
  }

  #header(byte: number): GuardFinding | undefined {
    if (this.#headerBytes === 0) {
      this.#type = byte >> 4;
      if (this.#first && this.#type !== CONNECT) {
        return {
          reason: "not-mqtt",
          message: `first byte 0x${byte.toString(16)} does not begin a CONNECT packet`,
        };
      }
      this.#headerBytes = 1;
      return undefined;
    }
    this.#remaining += (byte & 0x7f) * 128 ** (this.#headerBytes - 1);
    this.#headerBytes++;
    if ((byte & 0x80) !== 0) {
      if (this.#headerBytes <= 4) return undefined;
      return { reason: "malformed-length", message: "remaining length takes more than four bytes" };
    }
    const size = this.#headerBytes + this.#remaining;
    const limit = this.#first ? Math.min(MAX_CONNECT_BYTES, this.#maxPacketBytes) : this.#maxPacketBytes;
    if (size > limit) {
      return {
        reason: "packet-too-large",
        message: `packet of ${size} bytes announced, at most ${limit} allowed`,
      };
    }
    this.#body = this.#remaining;
    this.#headerBytes = 0;
    this.#remaining = 0;
    this.#first = false;
    return undefined;
  }
}
