/** Why the bytes of a client cannot be MQTT, or not MQTT that this broker takes. */
type GuardReason = "not-mqtt" | "malformed-length" | "packet-too-large";

export interface GuardFinding {
  readonly reason: GuardReason;
  readonly message: string;
}

const CONNECT = 1;
/** A CONNECT holds at most five fields of 64 KiB: who has not connected yet gets no larger packet. */
const MAX_CONNECT_BYTES = 12 + 5 * (2 + 65_535);

/**
 * Reads the fixed headers of one client's packets as the bytes pass, however they are cut: a packet that announces too
 * much is found by its header, before its bytes pile up in the parser, which has no limit of its own.
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
  #first = true;

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** What is wrong with the stream up to the end of `chunk`, if anything; the connection must then end. */
  scan(chunk: Uint8Array): GuardFinding | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body > 0) {
        const passing = Math.min(this.#body, chunk.length - at);
        this.#body -= passing;
        at += passing;
        continue;
      }
      const finding = this.#header(chunk[at++]!);
      if (finding !== undefined) return finding;
    }
    return undefined;
  }

  #header(byte: number): GuardFinding | undefined {
    if (this.#headerBytes === 0) {
      if (this.#first && byte >> 4 !== CONNECT) {
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
