const NONE = Buffer.alloc(0);
const LEAST_ROOM = 64;

/** Who keeps bytes that cannot be worked on yet. */
interface Keeper {
  /** Ends it; what it keeps is free then. */
  cut(keptBytes: number, limitBytes: number): void;
}

/**
 * What all connections keep together of packets that are not whole yet, or that wait for the answer to the one before, bounded.
 *
 * Past the limit the one that has kept its bytes longest is cut. An honest packet is whole within moments: to have it cut, an attacker must
 * send as much as the limit anew while it is on its way. The largest would be a worse choice: thousands of small ones are as bad,
 * and the one large picture among them would go.
 */
export class KeptTotal {
  readonly #limitBytes: number;
  /** In the order in which they began to keep. */
  readonly #keepers = new Map<Keeper, number>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param bytes - all that `keeper` keeps now */
  set(keeper: Keeper, bytes: number): void {
    this.#note(keeper, bytes);
    // A single one may always keep a packet: its size has a limit of its own.
    while (this.#bytes > this.#limitBytes && this.#keepers.size > 1) {
      const [oldest] = this.#keepers.keys();
      const total = this.#bytes;
      this.#note(oldest!, 0);
      oldest!.cut(total, this.#limitBytes);
    }
  }

  #note(keeper: Keeper, bytes: number): void {
    this.#bytes += bytes - (this.#keepers.get(keeper) ?? 0);
    if (bytes === 0) this.#keepers.delete(keeper);
    else this.#keepers.set(keeper, bytes);
  }
}

/** Bytes in one piece that grows at its end: what comes byte by byte costs little more than its bytes. */
export class KeptBytes {
  #buffer: Buffer = NONE;
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Memory taken, bytes. */
  get heldBytes(): number {
    return this.#length === 0 ? 0 : this.#buffer.buffer.byteLength;
  }

  /** @param missing - bytes known to come after these */
  append(bytes: Buffer, missing: number): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      // Room for all that was announced only once half of it is there: announcing costs nothing.
      const grown = Buffer.allocUnsafeSlow(Math.min(length + missing, Math.max(2 * length, LEAST_ROOM)));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  /** All of them; nothing is kept then. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#buffer = NONE;
    this.#length = 0;
    return bytes;
  }

  /** Keeps `bytes` as they are, without copying them; only while empty. */
  adopt(bytes: Buffer): void {
    this.#buffer = bytes;
    this.#length = bytes.length;
  }
}
