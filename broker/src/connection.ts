import { Duplex } from "node:stream";
import { PacketGuard } from "./packet-guard.ts";

/** What carries the bytes of a connection: a TCP or TLS socket, or a WebSocket. */
export interface Link {
  /** Address and port of the peer. */
  readonly remote: string;
  /** Hands bytes on; `done` when the operating system has taken all of them. */
  send(chunks: readonly Buffer[], done: (error?: Error | null) => void): void;
  pause(): void;
  resume(): void;
  /** Closes once everything sent has gone out; what the peer still sends is read and thrown away. */
  end(): void;
  destroy(): void;
}

/** Bytes given to the link at a time: a client counts as draining while it takes so many within the drain timeout. */
const SLICE_BYTES = 64 * 1024;
const END_TIMEOUT_MS = 1000;
/** Span over which the speed of a client is measured. */
const RATE_SPAN_MS = 500;

/**
 * One client's bytes as Aedes sees them.
 *
 * Inbound they pass the {@link PacketGuard}. Outbound `write` never says "wait": Aedes waits for a full socket before it goes on with
 * anyone's messages, so one client that stops reading would stop them all. What a client has not taken yet waits here and is
 * bounded by who forwards to it (`unsentBytes`, `stalledMs`).
 */
export class Connection extends Duplex {
  readonly remote: string;
  /** Why the broker ended this connection, once it has. */
  reason: string | undefined;
  bytesIn = 0;
  bytesOut = 0;
  readonly #link: Link;
  readonly #guard: PacketGuard;
  /** Of the chunks being written, the bytes that have gone out. */
  #flushed = 0;
  #progressAt = 0;
  /** Who does not want it read at present. */
  #holds = 0;
  /** Bytes that went out in the present and in the previous span. */
  readonly #rate = { since: 0, bytes: 0, before: 0 };

  constructor(link: Link, maxPacketBytes: number) {
    super({ writableHighWaterMark: Number.MAX_SAFE_INTEGER, allowHalfOpen: false });
    this.remote = link.remote;
    this.#link = link;
    this.#guard = new PacketGuard(maxPacketBytes);
  }

  /** Waiting to be sent. */
  get unsentBytes(): number {
    return this.writableLength - this.#flushed;
  }

  /** For how long bytes have waited without a single slice going out; 0 when none wait. */
  stalledMs(now: number): number {
    return this.unsentBytes > 0 ? now - this.#progressAt : 0;
  }

  /** How fast the client has taken bytes of late: over the last half second to second. */
  bytesPerSecond(now: number): number {
    this.#turnSpan(now);
    const { since, bytes, before } = this.#rate;
    return (1000 * (bytes + before)) / (RATE_SPAN_MS + now - since);
  }

  /** Bytes from the peer. */
  receive(chunk: Buffer): void {
    if (this.destroyed || this.readableEnded) return;
    this.bytesIn += chunk.length;
    const finding = this.#guard.scan(chunk);
    if (finding !== undefined) this.fail(finding.reason, finding.message);
    else if (!this.push(chunk)) this.#link.pause();
  }

  /** The peer sends no more; what it sent before is still read. */
  receiveEnd(): void {
    if (!this.destroyed) this.push(null);
  }

  /** Ends the connection for a reason that logs and counters name. */
  fail(reason: string, message: string): void {
    if (this.destroyed) return;
    this.reason ??= reason;
    this.destroy(new Error(message));
  }

  /** Takes no more bytes from the peer until as many {@link release}; what was read is still worked on. */
  hold(): void {
    this.#holds += 1;
    this.#link.pause();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    if (!this.destroyed && this.readableLength < this.readableHighWaterMark) this.#link.resume();
  }

  override _read(): void {
    if (this.#holds === 0) this.#link.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#flush(slices([chunk]), done);
  }

  override _writev(
    chunks: readonly { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#flush(slices(chunks.map(({ chunk }) => chunk)), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error === null) {
      // A refused client should still read why. Whoever does not take the rest in time is cut off.
      const timer = setTimeout(() => this.#link.destroy(), END_TIMEOUT_MS);
      timer.unref();
      this.#link.end();
    } else {
      this.#link.destroy();
    }
    done(error);
  }

  #turnSpan(now: number): void {
    const rate = this.#rate;
    const spans = Math.floor((now - rate.since) / RATE_SPAN_MS);
    if (spans < 1) return;
    rate.before = spans === 1 ? rate.bytes : 0;
    rate.bytes = 0;
    rate.since += spans * RATE_SPAN_MS;
  }

  #flush(pending: Generator<readonly Buffer[]>, done: (error?: Error | null) => void): void {
    this.#progressAt = performance.now();
    const next = () => {
      const slice = pending.next();
      if (slice.done) {
        this.#flushed = 0;
        done();
        return;
      }
      const bytes = slice.value.reduce((sum, { length }) => sum + length, 0);
      this.#link.send(slice.value, (error) => {
        if (error) {
          done(error);
          return;
        }
        this.#flushed += bytes;
        this.bytesOut += bytes;
        this.#progressAt = performance.now();
        this.#turnSpan(this.#progressAt);
        this.#rate.bytes += bytes;
        next();
      });
    };
    next();
  }
}

/** The same bytes in runs of about {@link SLICE_BYTES}, without copying. */
function* slices(chunks: readonly Buffer[]): Generator<readonly Buffer[]> {
  let run: Buffer[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + SLICE_BYTES - bytes);
      run.push(part);
      at += part.length;
      bytes += part.length;
      if (bytes < SLICE_BYTES) continue;
      yield run;
      run = [];
      bytes = 0;
    }
  }
  if (run.length > 0) yield run;
}
