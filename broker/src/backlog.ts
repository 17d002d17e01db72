import type { AedesPublishPacket } from "aedes";
import type { Limits } from "./config.ts";
import type { Connection } from "./connection.ts";

/** How often a publisher that waits looks again. */
const LOOK_AGAIN_MS = 5;

/** What becomes of a message on its way to a client. */
export type Admission = "send" | "drop" | "end";

/**
 * What happens when a client does not take its messages as fast as they come. Nobody ever waits for a client that stands still.
 *
 * - Past half of `unsentBytes`, publishers to a client that is behind but fast (`pacingRate`) wait for it: a burst is spread, not lost.
 * - Past `unsentBytes`, QoS 0 messages for the client are dropped.
 * - Past `unsentBytesTotal`, who has the most waiting is disconnected.
 * - Past `unsentBytesMax`, or with bytes waiting and none taken for `drainTimeout`, the client is disconnected.
 */
export class Backlog {
  readonly #limits: Limits;
  readonly #connectionOf: (clientId: string) => Connection | undefined;
  /** Publishers that are not read from, each with the client it waits for. */
  readonly #held = new Map<Connection, Connection>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: Limits, connectionOf: (clientId: string) => Connection | undefined) {
    this.#limits = limits;
    this.#connectionOf = connectionOf;
  }

  admit(connection: Connection, packet: AedesPublishPacket & { readonly clientId?: string }): Admission {
    const unsent = connection.unsentMemoryBytes;
    const { unsentBytes, unsentBytesMax } = this.#limits;
    if (unsent <= unsentBytes / 2) return "send";
    if (packet.clientId !== undefined) this.#hold(packet.clientId, connection);
    // A packet with an identifier belongs to a session being resumed: bounded by its queue, and lost if refused here.
    if (packet.messageId !== undefined || unsent <= unsentBytes) return "send";
    if (packet.qos === 0) return "drop";
    if (unsent <= unsentBytesMax) return "send";
    this.#endOver(connection, unsent);
    return "end";
  }

  /** Ends connections that hold too much or take nothing. */
  sweep(connections: Iterable<Connection>): void {
    const now = performance.now();
    const { drainTimeout, unsentBytesMax } = this.#limits;
    const behind: Connection[] = [];
    for (const connection of connections) {
      const { unsentBytes, unsentMemoryBytes } = connection;
      if (unsentMemoryBytes > unsentBytesMax) this.#endOver(connection, unsentMemoryBytes);
      else if (unsentBytes > 0 && connection.stalledMs(now) >= drainTimeout) {
        const message = `client took none of its ${unsentBytes} waiting bytes for ${drainTimeout} ms`;
        connection.fail("not-draining", message);
      } else if (unsentBytes > 0) behind.push(connection);
    }
    this.#endLargest(behind);
  }

  /** Leaves publishers as they are: all are being disconnected. */
  stop(): void {
    clearInterval(this.#timer);
    this.#held.clear();
  }

  #hold(publisher: string, receiver: Connection): void {
    const connection = this.#connectionOf(publisher);
    if (connection === undefined || this.#held.has(connection) || !this.#isWorthWaiting(receiver)) return;
    connection.hold();
    this.#held.set(connection, receiver);
    this.#timer ??= setInterval(() => this.#releaseSome(), LOOK_AGAIN_MS);
  }

  #releaseSome(): void {
    for (const [publisher, receiver] of this.#held) {
      if (!publisher.destroyed && this.#isWorthWaiting(receiver)) continue;
      this.#held.delete(publisher);
      publisher.release();
    }
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #isWorthWaiting(connection: Connection): boolean {
    const { unsentBytes, pacingRate } = this.#limits;
    return (
      !connection.destroyed &&
      connection.unsentMemoryBytes > unsentBytes / 2 &&
      connection.bytesPerSecond(performance.now()) >= pacingRate
    );
  }

  #endLargest(behind: readonly Connection[]): void {
    const { unsentBytesTotal } = this.#limits;
    let total = behind.reduce((sum, { unsentMemoryBytes }) => sum + unsentMemoryBytes, 0);
    if (total <= unsentBytesTotal) return;
    for (const connection of behind.toSorted((a, b) => b.unsentMemoryBytes - a.unsentMemoryBytes)) {
      const message = `${total} bytes wait for all clients, at most ${unsentBytesTotal} allowed: this one has the most`;
      total -= connection.unsentMemoryBytes;
      connection.fail("unsent-total", message);
      if (total <= unsentBytesTotal) return;
    }
  }

  #endOver(connection: Connection, unsent: number): void {
    const { unsentBytesMax } = this.#limits;
    connection.fail("unsent-limit", `${unsent} bytes wait for the client, at most ${unsentBytesMax} allowed`);
  }
}
