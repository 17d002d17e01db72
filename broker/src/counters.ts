import { Counter, Gauge, type Registry } from "@meanet/runtime";

/** Messages that did not reach someone, by reason. */
const dropReasons = [
  /** QoS 0, for a client with too many unsent bytes. */
  "slow-subscriber",
  /** For a shared subscription without a member that is there or has a session. */
  "share-no-member",
  /** Not kept for a session whose queue is full: an online client still got it, once. */
  "session-queue-full",
  /** Delivered, but not retained: the store of retained messages is full. */
  "retained-full",
] as const;
export type DropReason = (typeof dropReasons)[number];

/** What waits or is held now. */
export interface Levels {
  readonly clients: number;
  readonly sessions: number;
  readonly retainedMessages: number;
  readonly retainedBytes: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly unsentBytes: number;
  readonly shareGroups: number;
}

/** Everything the broker counts, for `/metrics` and for its published stats. */
export class BrokerCounters {
  readonly #totals = { messagesIn: 0, messagesOut: 0, connections: 0 };
  readonly #drops = new Map<DropReason, number>(dropReasons.map((reason) => [reason, 0]));
  readonly #ends = new Map<string, number>();
  #closedBytes = { in: 0, out: 0 };
  readonly #openBytes: () => { readonly in: number; readonly out: number };
  readonly #levels: () => Levels;

  constructor(
    registry: Registry,
    levels: () => Levels,
    openBytes: () => { readonly in: number; readonly out: number },
  ) {
    this.#levels = levels;
    this.#openBytes = openBytes;
    this.#expose(registry);
  }

  messageIn(): void {
    this.#totals.messagesIn++;
  }

  messageOut(): void {
    this.#totals.messagesOut++;
  }

  connection(): void {
    this.#totals.connections++;
  }

  drop(reason: DropReason, count = 1): void {
    this.#drops.set(reason, this.#drops.get(reason)! + count);
  }

  /** A connection that the broker refused or ended. */
  ended(reason: string): void {
    this.#ends.set(reason, (this.#ends.get(reason) ?? 0) + 1);
  }

  /** A connection is gone; its bytes go on counting. */
  closed(bytesIn: number, bytesOut: number): void {
    this.#closedBytes = { in: this.#closedBytes.in + bytesIn, out: this.#closedBytes.out + bytesOut };
  }

  /** Since the start. */
  get counters(): Record<string, number> {
    const open = this.#openBytes();
    return {
      ...this.#totals,
      bytesIn: this.#closedBytes.in + open.in,
      bytesOut: this.#closedBytes.out + open.out,
    };
  }

  /** Messages dropped and connections ended, by reason, since the start. */
  get drops(): Record<string, number> {
    return Object.fromEntries([
      ...this.#drops,
      ...[...this.#ends].map(([reason, count]) => [`connection:${reason}`, count] as const),
    ]);
  }

  get levels(): Levels {
    return this.#levels();
  }

  #expose(registry: Registry): void {
    exposeTotals(registry, "meanet_broker_events_total", "event", "Messages, bytes and connections", () =>
      Object.entries(this.counters),
    );
    exposeTotals(
      registry,
      "meanet_broker_dropped_total",
      "reason",
      "Messages that did not reach someone",
      () => this.#drops,
    );
    exposeTotals(
      registry,
      "meanet_broker_connections_ended_total",
      "reason",
      "Connections that the broker refused or ended",
      () => this.#ends,
    );
    const levels = this.#levels;
    new Gauge({
      name: "meanet_broker_level",
      help: "What is held or waits now",
      labelNames: ["what"],
      registers: [registry],
      collect() {
        for (const [what, level] of Object.entries(levels())) this.set({ what }, level);
      },
    });
  }
}

/** A counter that reads its totals when it is asked: counting a message must not cost a look-up of labels. */
function exposeTotals(
  registry: Registry,
  name: string,
  label: string,
  help: string,
  totals: () => Iterable<readonly [string, number]>,
): void {
  new Counter({
    name,
    help: `${help} since the start, by ${label}`,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, total] of totals()) this.inc({ [label]: value }, total);
    },
  });
}
