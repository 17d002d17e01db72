import { sharedFilter, type Topic, type TopicParams } from "@meanet/protocol";
import { isMeanetError, type Logger, type MeanetError } from "@meanet/runtime";

export interface Message<P extends string, T> {
  readonly params: TopicParams<P>;
  readonly value: T;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retained: boolean;
  /** The broker says it may have delivered this before. */
  readonly redelivered: boolean;
  /** Tells the broker that the work is done. Needed only with `acknowledge: "by-handler"`; does nothing the second time. */
  readonly acknowledge: () => void;
}

export interface SubscribeOptions<P extends string = string> {
  /** Share group: one member of the group gets each message. */
  readonly group?: string;
  /**
   * `at-once` (default): QoS 1 messages are acknowledged when the handler returns.
   * `by-handler`: only when the handler calls `acknowledge()`; until then the broker keeps the message for a
   * session that is not clean. The socket goes on being read meanwhile.
   */
  readonly acknowledge?: "at-once" | "by-handler";
  /** Called for a payload that does not decode; it is counted, logged and acknowledged in any case. */
  readonly onInvalid?: (error: MeanetError, name: string, payload: Uint8Array) => void;
  /** Called for an empty payload: somebody cleared the retained message [MQTT-3.3.1-10]. Without this it counts as one that does not decode. */
  readonly onCleared?: (params: TopicParams<P>) => void;
}

/** What the client knows about a message. */
export interface Delivered {
  readonly qos: 0 | 1;
  readonly retained: boolean;
  readonly redelivered: boolean;
  readonly acknowledge: () => void;
}

/** One filter and what is done with its messages. */
export interface Subscription {
  readonly filter: string;
  /** Whether only its handler acknowledges its messages. */
  readonly byHandler: boolean;
  /** @returns false when the topic does not match */
  deliver(name: string, payload: Uint8Array, packet: Delivered): boolean;
}

/** Hands each message to the first handler whose topic and params match. No message, however malformed, makes it throw. */
export class Incoming {
  readonly #log: Logger;
  readonly #subscriptions: Subscription[] = [];
  /** Removed, but the broker may still deliver messages that only their handlers may acknowledge. */
  readonly #ended: Subscription[] = [];
  #invalid = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Messages that did not match their topic's schema. */
  get invalid(): number {
    return this.#invalid;
  }

  /** Filters to subscribe to at the broker. */
  get filters(): string[] {
    return this.#subscriptions.map(({ filter }) => filter);
  }

  /** @param options - `first`: goes before all present handlers */
  add<P extends string, T>(
    topic: Topic<P, T>,
    params: Partial<TopicParams<P>>,
    handler: (message: Message<P, T>) => void,
    options: SubscribeOptions<P> & { readonly first?: boolean },
  ): Subscription {
    const plain = topic.filter(params);
    const fixed = Object.entries(params) as [keyof TopicParams<P>, unknown][];
    const subscription: Subscription = {
      filter: options.group === undefined ? plain : sharedFilter(options.group, plain),
      byHandler: options.acknowledge === "by-handler",
      deliver: (name, payload, packet) => {
        const levels = topic.match(name);
        if (levels === undefined || fixed.some(([level, value]) => levels[level] !== value)) return false;
        if (payload.byteLength === 0 && options.onCleared !== undefined) {
          packet.acknowledge();
          options.onCleared(levels);
          return true;
        }
        let value: T;
        try {
          value = topic.decode(payload);
        } catch (error) {
          packet.acknowledge();
          this.#refuse(error, name, payload, options);
          return true;
        }
        handler({ params: levels, value, payload, ...packet });
        if (!subscription.byHandler) packet.acknowledge();
        return true;
      },
    };
    if (options.first === true) this.#subscriptions.unshift(subscription);
    else this.#subscriptions.push(subscription);
    return subscription;
  }

  /** What still arrives counts as invalid when no other handler matches; one that acknowledges by itself goes on being called. */
  remove(subscription: Subscription): void {
    const index = this.#subscriptions.indexOf(subscription);
    if (index < 0) return;
    this.#subscriptions.splice(index, 1);
    if (subscription.byHandler) this.#ended.push(subscription);
  }

  deliver(name: string, payload: Uint8Array, packet: Delivered): void {
    try {
      for (const subscription of [...this.#subscriptions, ...this.#ended]) {
        if (subscription.deliver(name, payload, packet)) return;
      }
    } catch (error) {
      // It would throw again, so the broker must not redeliver the message.
      this.#log.error({ topic: name, bytes: payload.byteLength, err: error }, "a message handler failed");
      packet.acknowledge();
      return;
    }
    // It matches a filter but not the topic, because a level is no id, and never will.
    this.#invalid += 1;
    this.#log.warn({ topic: name.slice(0, 256) }, "message on a topic that is not of the protocol");
    packet.acknowledge();
  }

  #refuse(
    error: unknown,
    name: string,
    payload: Uint8Array,
    options: Pick<SubscribeOptions, "onInvalid">,
  ): void {
    if (!isMeanetError(error)) throw error;
    this.#invalid += 1;
    this.#log.warn({ topic: name, bytes: payload.byteLength, reason: error.message }, "message refused");
    options.onInvalid?.(error, name, payload);
  }
}
