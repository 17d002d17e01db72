import { readFileSync } from "node:fs";
import {
  type NodeKind,
  type Status,
  sharedFilter,
  type Topic,
  type TopicParams,
  type Topics,
  topicsUnder,
} from "@meanet/protocol";
import { type Logger, MeanetError } from "@meanet/runtime";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { deferAcknowledgement } from "./deferred-acknowledgement.ts";
import type { MqttConfig } from "./mqtt-config.ts";

export interface SessionOptions {
  readonly mqtt: MqttConfig;
  /** Client id at the broker, and the node's name in topics. */
  readonly node: string;
  readonly site: string;
  readonly log: Logger;
  /** False keeps subscriptions and unacknowledged messages at the broker while the node is away. Default true. */
  readonly clean?: boolean;
  /** What the node says of itself in its retained status; left out by devices and tools, which have none. */
  readonly status?: { readonly kind: NodeKind; readonly version: string; readonly model: string | null };
  /** QoS 1 messages that may wait for the broker; beyond it `publish` rejects with PUBLISH_BACKLOG. Default 10,000. */
  readonly maxPending?: number;
}

export interface Message<P extends string, T> {
  readonly params: TopicParams<P>;
  readonly value: T;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retained: boolean;
  /** The broker says it may have delivered this before. */
  readonly redelivered: boolean;
  /** Tells the broker that the work is done. Needed only with `acknowledge: "by-handler"`; does nothing the second time. */
  acknowledge(): void;
}

export interface SubscribeOptions {
  /** Share group: one member of the group gets each message. */
  readonly group?: string;
  /**
   * `at-once` (default): QoS 1 messages are acknowledged when the handler returns.
   * `by-handler`: only when the handler calls `acknowledge()`; until then the broker keeps the message for a
   * session that is not clean. The socket goes on being read meanwhile.
   */
  readonly acknowledge?: "at-once" | "by-handler";
  /** A payload that does not decode; counted, logged and acknowledged whether or not this is given. */
  readonly onInvalid?: (error: MeanetError, name: string, payload: Uint8Array) => void;
}

interface Subscription {
  readonly filter: string;
  /** False when the topic is another one. */
  deliver(name: string, payload: Uint8Array, packet: Delivered): boolean;
}

interface Delivered {
  readonly qos: 0 | 1;
  readonly retained: boolean;
  readonly redelivered: boolean;
  readonly acknowledge: () => void;
}

/**
 * The MQTT connection of one node, in topics of the protocol.
 *
 * Subscribe first, then `connect()`: a session that is not clean gets its messages in the same breath as the connection. It then
 * reconnects for ever; `connected` and `onConnected` tell.
 */
export class MqttSession {
  readonly topics: Topics;
  readonly site: string;
  readonly node: string;
  readonly #client: MqttClient;
  readonly #options: SessionOptions;
  readonly #since = Date.now();
  readonly #subscriptions: Subscription[] = [];
  readonly #listeners = new Set<(connected: boolean) => void>();
  #model: string | null;
  #pending = 0;
  #invalid = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.topics = topicsUnder(options.mqtt.topicPrefix);
    this.site = options.site;
    this.node = options.node;
    this.#model = options.status?.model ?? null;
    this.#client = mqtt.connect(options.mqtt.url, this.#clientOptions());
    deferAcknowledgement(this.#client, (packet, acknowledge) => {
      this.#deliver(packet.topic, packet.payload as Uint8Array, {
        qos: packet.qos === 0 ? 0 : 1,
        retained: packet.retain,
        redelivered: packet.dup,
        acknowledge,
      });
    });
    this.#client.on("connect", () => this.#onConnect());
    this.#client.on("close", () => this.#tell(false));
    // Refused connections and lost sockets; the client goes on trying by itself.
    this.#client.on("error", (error) => options.log.warn({ err: error }, "broker connection failed"));
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /** Messages that were not what their topic promises, since the start. */
  get invalidMessages(): number {
    return this.#invalid;
  }

  /** QoS 1 messages published and not yet acknowledged by the broker. */
  get pending(): number {
    return this.#pending;
  }

  /** Calls `listener` at every change; returns what ends it. */
  onConnected(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts connecting; resolves with the first connection. @throws {MeanetError} BROKER_UNREACHABLE after `timeoutMs`, still trying */
  connect(timeoutMs = 10_000): Promise<void> {
    this.#client.connect();
    return this.whenConnected(timeoutMs);
  }

  whenConnected(timeoutMs: number): Promise<void> {
    if (this.connected) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        const { url } = this.#options.mqtt;
        reject(
          new MeanetError(
            "BROKER_UNREACHABLE",
            `no MQTT broker answered at ${url} within ${timeoutMs} ms: check that it runs, the URL and the credentials`,
            { url },
          ),
        );
      }, timeoutMs);
      const stop = this.onConnected((connected) => {
        if (!connected) return;
        clearTimeout(timer);
        stop();
        resolve();
      });
    });
  }

  /**
   * Registers a handler for a topic; before `connect()`, or later at any time.
   *
   * @param params - levels to fix; the others match anything
   */
  subscribe<P extends string, T>(
    topic: Topic<P, T>,
    params: Partial<TopicParams<P>>,
    handler: (message: Message<P, T>) => void,
    options: SubscribeOptions = {},
  ): void {
    const plain = topic.filter(params);
    const filter = options.group === undefined ? plain : sharedFilter(options.group, plain);
    const fixed = Object.entries(params) as [keyof TopicParams<P>, unknown][];
    this.#subscriptions.push({
      filter,
      deliver: (name, payload, packet) => {
        const levels = topic.match(name);
        if (levels === undefined || fixed.some(([level, value]) => levels[level] !== value)) return false;
        let value: T;
        try {
          value = topic.decode(payload);
        } catch (error) {
          this.#refuse(error, name, payload, options);
          packet.acknowledge();
          return true;
        }
        try {
          handler({ params: levels, value, payload, ...packet });
        } finally {
          if (options.acknowledge !== "by-handler") packet.acknowledge();
        }
        return true;
      },
    });
    if (this.connected) this.#subscribeAtBroker(filter);
  }

  /**
   * Publishes with the delivery of the topic. QoS 1 resolves when the broker has acknowledged, across reconnects;
   * QoS 0 without a connection is dropped and resolves `false`.
   *
   * @throws {MeanetError} PUBLISH_BACKLOG when too many QoS 1 messages wait for the broker
   */
  async publish<P extends string, T>(
    topic: Topic<P, T>,
    params: TopicParams<P>,
    value: T,
    options: { readonly qos?: 0 | 1 } = {},
  ): Promise<boolean> {
    return this.publishBytes(topic.format(params), topic.encode(value), {
      qos: options.qos ?? topic.qos,
      retain: topic.retain,
    });
  }

  async publishBytes(
    name: string,
    payload: Uint8Array,
    { qos, retain }: { qos: 0 | 1; retain: boolean },
  ): Promise<boolean> {
    if (qos === 0 && !this.connected) return false;
    const maxPending = this.#options.maxPending ?? 10_000;
    if (qos === 1 && this.#pending >= maxPending) {
      throw new MeanetError(
        "PUBLISH_BACKLOG",
        `${maxPending} messages wait for the broker: it is down or does not keep pace`,
        { name },
      );
    }
    this.#pending += qos;
    try {
      await this.#client.publishAsync(name, payload as Buffer, { qos, retain });
      return true;
    } finally {
      this.#pending -= qos;
    }
  }

  /** Publishes the status again with another model. */
  setModel(model: string | null): void {
    this.#model = model;
    this.#publishStatus("online");
  }

  /** Says `stopped`, waits for what is in flight, and disconnects. */
  async close(): Promise<void> {
    if (this.connected && this.#options.status !== undefined) {
      const { topics, site, node } = this;
      await this.publish(topics.status, { site, node }, this.#status("stopped"));
    }
    await this.#client.endAsync(!this.connected);
    this.#listeners.clear();
  }

  #clientOptions(): IClientOptions {
    const { mqtt: config, node, status } = this.#options;
    const will = status && {
      topic: this.topics.status.format({ site: this.site, node }),
      payload: Buffer.from(this.topics.status.encode(this.#status("offline"))),
      qos: this.topics.status.qos,
      retain: this.topics.status.retain,
    };
    return {
      clientId: node,
      clean: this.#options.clean ?? true,
      manualConnect: true,
      protocolVersion: 4,
      keepalive: Math.max(1, Math.round(config.keepalive / 1000)),
      reconnectPeriod: config.reconnectInterval,
      // Subscriptions are made again on every connect, below; QoS 0 must not queue without bound while offline.
      resubscribe: false,
      queueQoSZero: false,
      ...(config.username === undefined ? {} : { username: config.username }),
      ...(config.password === undefined ? {} : { password: config.password }),
      ...(config.ca === undefined ? {} : { ca: readFileSync(config.ca) }),
      ...(will === undefined ? {} : { will }),
    };
  }

  #onConnect(): void {
    for (const { filter } of this.#subscriptions) this.#subscribeAtBroker(filter);
    this.#publishStatus("online");
    this.#tell(true);
  }

  #subscribeAtBroker(filter: string): void {
    this.#client.subscribe(filter, { qos: 1 }, (error, granted) => {
      const denied = granted?.some(({ qos }) => qos === 128) ?? false;
      if (error ?? denied) {
        this.#options.log.error(
          { filter, err: error },
          "the broker refused a subscription: check the rights of this user",
        );
      }
    });
  }

  #deliver(name: string, payload: Uint8Array, packet: Delivered): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.deliver(name, payload, packet)) return;
    }
    // Matches a filter but not the topic: a level is no id. It will never fit, so the broker must not send it again.
    this.#invalid += 1;
    this.#options.log.warn({ topic: name.slice(0, 256) }, "message on a topic that is not of the protocol");
    packet.acknowledge();
  }

  #refuse(error: unknown, name: string, payload: Uint8Array, options: SubscribeOptions): void {
    if (!(error instanceof MeanetError)) throw error;
    this.#invalid += 1;
    this.#options.log.warn({ topic: name, bytes: payload.byteLength, err: error.message }, "message refused");
    options.onInvalid?.(error, name, payload);
  }

  #publishStatus(state: Status["state"]): void {
    if (!this.connected || this.#options.status === undefined) return;
    const { topics, site, node } = this;
    this.publish(topics.status, { site, node }, this.#status(state)).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, "status was not published");
    });
  }

  #status(state: Status["state"]): Status {
    const { kind, version } = this.#options.status!;
    return { state, kind, version, model: this.#model ?? null, since: this.#since };
  }

  #tell(connected: boolean): void {
    for (const listener of this.#listeners) listener(connected);
  }
}
