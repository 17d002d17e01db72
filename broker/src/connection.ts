import { Duplex } from "node:stream";
import { KeptBytes, type KeptTotal } from "./kept-bytes.ts";
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
type Done = (error?: Error | null) => void;
const END_TIMEOUT_MS = 1000;
/** Memory that each write takes while it waits, beside its bytes. A message of five bytes is four of them: measured, 418 bytes. */
const WRITE_OVERHEAD_BYTES = 100;
/** Span over which the speed of a client is measured. */
const RATE_SPAN_MS = 500;

/**
 * One client's bytes as Aedes sees them.
 *
 * Inbound they pass the {@link PacketGuard}, and Aedes gets whole packets only: half a packet is kept here, in one piece, and counted. What
 * follows a CONNECT, SUBSCRIBE or UNSUBSCRIBE in the same breath, as MQTT allows (§3.1.4), waits here until that is {@link answered}, and
 * nothing more is read meanwhile. Outbound `write` never says "wait": Aedes waits for a full socket before it goes on with
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
  readonly #kept = new KeptBytes();
  readonly #keptTotal: KeptTotal;
  /** What the link itself keeps of an unfinished frame. */
  #keptByLink = 0;
  /** What it has kept waits for an answer, or for the next turn of the event loop. */
  #waits = false;
  #peerEnded = false;
  /** Of the chunks being written, the bytes that have gone out. */
  #flushed = 0;
  /** Writes that have not gone out. */
  #writes = 0;
  #progressAt = 0;
  /** Who does not want it read at present. */
  #holds = 0;
  /** Bytes that went out in the present and in the previous span. */
  readonly #rate = { since: 0, bytes: 0, before: 0 };

  constructor(link: Link, maxPacketBytes: number, keptTotal: KeptTotal) {
    super({ writableHighWaterMark: Number.MAX_SAFE_INTEGER, allowHalfOpen: false });
    this.remote = link.remote;
    this.#link = link;
    this.#guard = new PacketGuard(maxPacketBytes);
    this.#keptTotal = keptTotal;
  }

  /** Waiting to be sent. */
  get unsentBytes(): number {
    return this.writableLength - this.#flushed;
  }

  /** Memory that these take: of small messages far more than their bytes. */
  get unsentMemoryBytes(): number {
    return this.unsentBytes + WRITE_OVERHEAD_BYTES * this.#writes;
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
    if (this.#waits) this.#kept.append(chunk, Number.POSITIVE_INFINITY);
    else this.#read(chunk);
    this.#count();
  }

  /** The peer sends no more; what it sent before is still read. */
  receiveEnd(): void {
    this.#peerEnded = true;
    if (!this.destroyed && !this.#waits) this.push(null);
  }

  /** Bytes of a frame that is not whole yet, kept by the link. */
  receivePart(keptByLink: number): void {
    if (this.destroyed) return;
    this.#keptByLink = keptByLink;
    this.#count();
  }

  /** The CONNECT, SUBSCRIBE or UNSUBSCRIBE that came last is over: what follows it is worked on, in a turn of its own. */
  answered(): void {
    setImmediate(() => this.#goOn());
  }

  /** Its unfinished packet is the oldest of too many. */
  cut(keptBytes: number, limitBytes: number): void {
    const message = `${keptBytes} bytes of unfinished packets kept, at most ${limitBytes} allowed: this is the oldest`;
    this.fail("unfinished-packets", message);
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

  /** Passes on the whole packets of `chunk`, and keeps what follows them. */
  #read(chunk: Buffer): void {
    const { first, last, pause, finding } = this.#guard.scan(chunk);
    if (finding !== undefined) {
      this.fail(finding.reason, finding.message);
      return;
    }
    let taken = true;
    if (!this.#kept.isEmpty && first > 0) {
      this.#kept.append(chunk.subarray(0, first), 0);
      taken = this.push(this.#kept.take());
      if (last > first) taken = this.push(chunk.subarray(first, last));
    } else if (last > 0) {
      const whole = chunk.subarray(0, last);
      // A CONNECT may hold a will, which stays as long as the client.
      taken = this.push(pause === "answer" ? Buffer.from(whole) : whole);
    }
    if (!taken) this.#link.pause();
    const rest = chunk.subarray(last);
    if (pause === undefined) {
      if (rest.length > 0) this.#kept.append(rest, this.#guard.missingBytes);
      return;
    }
    this.#waits = true;
    this.hold();
    if (rest.length > 0) this.#kept.adopt(rest);
    if (pause === "turn") this.answered();
  }

  #goOn(): void {
    if (!this.#waits || this.destroyed) return;
    this.#waits = false;
    this.#read(this.#kept.take());
    this.#count();
    this.release();
    if (this.#peerEnded && !this.#waits && !this.destroyed) this.push(null);
  }

  #count(): void {
    this.#keptTotal.set(this, this.destroyed ? 0 : this.#kept.heldBytes + this.#keptByLink);
  }

  override _read(): void {
    if (this.#holds === 0) this.#link.resume();
  }

  override write(chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean {
    this.#writes += 1;
    return typeof encoding === "string" ? super.write(chunk, encoding, done) : super.write(chunk, encoding);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#flush([chunk], done);
  }

  override _writev(chunks: readonly { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    this.#flush(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#kept.take();
    this.#keptTotal.set(this, 0);
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

  #flush(chunks: readonly Buffer[], done: Done): void {
    this.#progressAt = performance.now();
    const pending = slices(chunks);
    const next = () => {
      const slice = pending.next();
      if (slice.done) {
        this.#flushed = 0;
        this.#writes -= chunks.length;
        done();
        return;
      }
      const bytes = slice.value.reduce((sum, { length }) => sum + length, 0);
      this.#link.send(slice.value, (error) => {
        if (error && !this.#waits) {
          done(error);
          return;
        }
        // Who sent everything in one breath and left hears no answer; what it sent still counts.
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
