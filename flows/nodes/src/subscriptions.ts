import type { Topic, TopicParams } from "@meanet/protocol";

/** A message of a topic, decoded. */
export interface Arrived<P extends string, T> {
  /** The levels of its topic, by name. */
  readonly params: TopicParams<P>;
  readonly value: T;
  /** The topic as it stands on the wire. */
  readonly name: string;
  /** Kept by the broker from before, not news. */
  readonly retained: boolean;
}

interface Entry {
  readonly filter: string;
  /** Whether the broker keeps the last message of each topic. */
  readonly retain: boolean;
  active: boolean;
  take(name: string, payload: Uint8Array, retained: boolean): void;
}

export interface Subscribed {
  readonly filter: string;
  end(): void;
}

/**
 * Who of many nodes wants which message of one connection.
 *
 * A broker may deliver a message once for each filter that fits [MQTT-3.3.5-1]: of filters that lie within each other only the widest is
 * asked for. What the broker keeps comes only with a new subscription, so the last message of each retained topic is kept here too,
 * for a node that comes later.
 */
export class Subscriptions {
  readonly #entries = new Set<Entry>();
  readonly #kept = new Map<string, Uint8Array>();
  readonly #onInvalid: (name: string, error: unknown) => void;

  /** @param onInvalid - told of a message that is not what its topic promises */
  constructor(onInvalid: (name: string, error: unknown) => void) {
    this.#onInvalid = onInvalid;
  }

  /** The filters to ask the broker for. */
  get filters(): string[] {
    const all = [...new Set([...this.#entries].map(({ filter }) => filter))];
    return all.filter((narrow) => !all.some((wide) => wide !== narrow && covers(wide, narrow)));
  }

  /** @param params - levels to fix; the others match anything */
  add<P extends string, T>(
    topic: Topic<P, T>,
    params: Partial<TopicParams<P>>,
    handler: (message: Arrived<P, T>) => void,
  ): Subscribed {
    const wanted = Object.entries(params);
    const entry: Entry = {
      filter: topic.filter(params),
      retain: topic.retain,
      active: true,
      take: (name, payload, retained) => {
        const levels = topic.match(name);
        if (!entry.active || levels === undefined) return;
        const given = levels as Readonly<Record<string, string | undefined>>;
        if (wanted.some(([level, value]) => value !== undefined && given[level] !== value)) return;
        let value: T;
        try {
          value = topic.decode(payload);
        } catch (error) {
          this.#onInvalid(name, error);
          return;
        }
        handler({ params: levels, value, name, retained });
      },
    };
    this.#entries.add(entry);
    // Not at once: the nodes behind this one may not be there yet.
    if (topic.retain) setImmediate(() => this.#replay(entry));
    return {
      filter: entry.filter,
      end: () => {
        entry.active = false;
        this.#entries.delete(entry);
        this.#forget();
      },
    };
  }

  deliver(name: string, payload: Uint8Array, retained: boolean): void {
    const fitting = [...this.#entries].filter(({ filter }) => covers(filter, name));
    if (fitting.some(({ retain }) => retain)) {
      if (payload.byteLength === 0) this.#kept.delete(name);
      else this.#kept.set(name, payload);
    }
    if (payload.byteLength === 0) return;
    for (const entry of fitting) entry.take(name, payload, retained);
  }

  #replay(entry: Entry): void {
    for (const [name, payload] of this.#kept) {
      if (covers(entry.filter, name)) entry.take(name, payload, true);
    }
  }

  /** What nobody asks the broker for any more grows old here. */
  #forget(): void {
    const { filters } = this;
    for (const name of this.#kept.keys()) {
      if (!filters.some((filter) => covers(filter, name))) this.#kept.delete(name);
    }
  }
}

/** Whether `filter` matches every topic that `other`, a filter or a topic, matches. */
export function covers(filter: string, other: string): boolean {
  const levels = other.split("/");
  const wanted = filter.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    const given = levels[index];
    if (given === undefined || given === "#") return false;
    if (level !== "+" && level !== given) return false;
  }
  return wanted.length === levels.length;
}
