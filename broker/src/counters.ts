import { exposeCount, exposeCounts, exposeLevel, type Registry } from "@meanet/runtime";

/** Messages that did not reach someone, by reason. */
const dropReasons = [
  /** QoS 0, for a client with too many unsent bytes. */
  "slow-subscriber",
  /** For a shared subscription without a member that is there or has a session. */
  "share-no-member",
  /** Not kept for a session, or a member of a share group, whose queue is full: an online client still got it, once. */
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
  readonly unfinishedBytes: number;
  readonly unsentBytes: number;
  readonly shareGroups: number;
}

const levelMetrics: Readonly<Record<keyof Levels, readonly [name: string, help: string]>> = {
  clients: ["clients", "clients connected now"],
  sessions: ["sessions", "persistent sessions, whether connected or not"],
  retainedMessages: ["retained_messages", "retained messages held"],
  retainedBytes: ["retained_bytes", "bytes of the retained messages held"],
  queuedMessages: ["queued_messages", "messages that wait for persistent sessions"],
  queuedBytes: ["queued_bytes", "bytes of the messages that wait for persistent sessions"],
  unfinishedBytes: ["unfinished_bytes", "bytes of packets that have begun to arrive"],
  unsentBytes: ["unsent_bytes", "bytes that wait at the sockets of connected clients"],
  shareGroups: ["share_groups", "shared subscriptions, each counted once for all its members"],
};

/** Everything the broker counts, for `/metrics` and for its published stats. */
export class BrokerCounters {
  readonly #totals = { messagesIn: 0, messagesOut: 0, connections: 0, deniedSubscriptions: 0 };
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

  subscriptionDenied(): void {
    this.#totals.deniedSubscriptions++;
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

  /** Read when Prometheus asks: counting a message must not cost a look-up of labels. */
  #expose(registry: Registry): void {
    const directed = (name: string, what: string) => ({
      name,
      help: `${what} from clients (in) and to them (out)`,
      label: "direction",
    });
    exposeCounts(registry, directed("meanet_broker_messages_total", "messages"), () => {
      const { messagesIn, messagesOut } = this.#totals;
      return { in: messagesIn, out: messagesOut };
    });
    exposeCounts(registry, directed("meanet_broker_bytes_total", "bytes"), () => {
      const { bytesIn, bytesOut } = this.counters;
      return { in: bytesIn!, out: bytesOut! };
    });
    const connections = { name: "meanet_broker_connections_total", help: "connections that clients opened" };
    exposeCount(registry, connections, () => this.#totals.connections);
    const denied = {
      name: "meanet_broker_denied_subscriptions_total",
      help: "subscriptions denied: the client has no right to the filter, or too many already",
    };
    exposeCount(registry, denied, () => this.#totals.deniedSubscriptions);
    const dropped = {
      name: "meanet_broker_dropped_messages_total",
      help: "messages that did not reach someone, by reason",
      label: "reason",
    };
    exposeCounts(registry, dropped, () => Object.fromEntries(this.#drops));
    const ended = {
      name: "meanet_broker_connections_ended_total",
      help: "connections that the broker refused or ended, by reason",
      label: "reason",
    };
    exposeCounts(registry, ended, () => Object.fromEntries(this.#ends));
    for (const [level, [name, help]] of Object.entries(levelMetrics) as [keyof Levels, [string, string]][]) {
      exposeLevel(registry, { name: `meanet_broker_${name}`, help }, () => this.levels[level]);
    }
  }
}
