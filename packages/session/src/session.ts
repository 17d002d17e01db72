import { once } from "node:events";
import { Socket } from "node:net";
import {
  type NodeKind,
  type Status,
  type Topic,
  type TopicParams,
  type Topics,
  topicsUnder,
} from "@meanet/protocol";
import { type Logger, MeanetError, within, withoutSecret } from "@meanet/runtime";
import mqtt, { type MqttClient } from "mqtt";
import { BrokerSubscriptions } from "./broker-subscriptions.ts";
import { clientOptions } from "./client-options.ts";
import { deferAcknowledgement } from "./deferred-acknowledgement.ts";
import { Incoming, type Message, type SubscribeOptions } from "./incoming.ts";
import type { MqttConfig } from "./mqtt-config.ts";
import { Outages } from "./outages.ts";
import { closedError, Outgoing } from "./outgoing.ts";
import { keepPacketLengths } from "./packet-lengths.ts";
import { giveUpRefused, refusedError } from "./refused-publish.ts";
import { type Will, willOption } from "./will.ts";

export interface SessionOptions {
  readonly mqtt: MqttConfig;
  /** Client id at the broker, and the node's name in topics. */
  readonly node: string;
  readonly site: string;
  readonly log: Logger;
  /** False keeps subscriptions and unacknowledged messages at the broker while the node is away. Default true. */
  readonly clean?: boolean;
  /** What the node says of itself in its retained status; absent for devices and tools, which have none. */
  readonly status?: {
    readonly kind: NodeKind;
    readonly version: string;
    /** Name and version of each bundle that it serves. */
    readonly models: readonly string[];
  };
  /**
   * The will of this client, where another convention than MEANet's asks for one; with `status` the will is the node's. Called for every
   * attempt to connect, with the number of CONNECT packets sent before.
   */
  readonly will?: (connects: number) => Will;
  /** QoS 1 messages that may wait for the broker; beyond it `publish` rejects with PUBLISH_BACKLOG. Default 10,000. */
  readonly maxPending?: number;
  /**
   * False: QoS 1 messages are lost with their connection, and `publish` resolves `false`, instead of being sent again first thing on the
   * next one. For messages that would be stale by then. Default true.
   */
  readonly resends?: boolean;
  /** Bytes of all messages that may wait for the broker. Default 64 MiB. */
  readonly maxPendingBytes?: number;
}

/** A subscription that can be ended. */
export interface Subscribed {
  /**
   * Unsubscribes; resolves when the broker has agreed and delivered what it had queued, is gone, or has not answered for seconds. Until
   * then the handler is called, and one that acknowledges by itself also later, for whatever the broker still sends.
   */
  unsubscribe(): Promise<void>;
}

/**
 * The MQTT connection of one node, in topics of the protocol.
 *
 * Subscribe first, then `connect()`: a session that is not clean receives its messages together with the connection. It then reconnects
 * for ever; `connected` and `onConnected` tell.
 */
export class MqttSession {
  readonly topics: Topics;
  readonly site: string;
  readonly node: string;
  /** When it was made, with its process: milliseconds since 1970. */
  readonly since = Date.now();
  readonly #client: MqttClient;
  readonly #options: SessionOptions;
  readonly #incoming: Incoming;
  readonly #subscriptions: BrokerSubscriptions;
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #outgoing: Outgoing;
  readonly #outages: Outages;
  #models: readonly string[];
  #connects = 0;
  /** Whether the broker has answered the subscriptions of this connection. */
  #answered = false;
  /** Whether it granted all of them. */
  #granted = false;
  #closing: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.topics = topicsUnder(options.mqtt.topicPrefix);
    this.site = options.site;
    this.node = options.node;
    this.#models = options.status?.models ?? [];
    this.#incoming = new Incoming(options.log);
    this.#outages = new Outages({ url: options.mqtt.url, node: options.node, log: options.log });
    this.#outgoing = new Outgoing({
      messages: options.maxPending ?? 10_000,
      bytes: options.maxPendingBytes ?? 64 * 1024 * 1024,
    });
    keepPacketLengths();
    this.#client = mqtt.connect(options.mqtt.url, {
      ...clientOptions(options.mqtt),
      clientId: options.node,
      clean: options.clean ?? true,
      ...willOption(this.#will()),
    });
    const own = { site: this.site, node: this.node };
    this.#subscriptions = new BrokerSubscriptions({
      client: this.#client,
      incoming: this.#incoming,
      mark:
        options.status &&
        ((arrived) => this.#incoming.add(this.topics.status, own, arrived, { first: true })),
      onConnected: (listener) => this.onConnected(listener),
      log: options.log,
    });
    this.#client.on("packetsend", ({ cmd }) => {
      if (cmd !== "connect") return;
      this.#connects += 1;
      // For the next attempt: this CONNECT has its will already.
      Object.assign(this.#client.options, willOption(this.#will()));
    });
    giveUpRefused(this.#client);
    deferAcknowledgement(this.#client, (packet, acknowledge) => {
      this.#incoming.deliver(packet.topic, packet.payload as Uint8Array, {
        qos: packet.qos === 0 ? 0 : 1,
        retained: packet.retain,
        redelivered: packet.dup,
        acknowledge,
      });
    });
    this.#client.on("connect", () => this.#onConnect());
    this.#client.on("close", () => this.#onClose());
    // Refused connections and lost sockets; the client keeps trying by itself.
    this.#client.on("error", (error) => this.#outages.tell(error));
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /** Connected, and every subscription granted. */
  get ready(): boolean {
    return this.connected && this.#granted;
  }

  /** CONNECT packets sent since the start. */
  get connects(): number {
    return this.#connects;
  }

  /** Messages that did not match their topic's schema, since the start. */
  get invalidMessages(): number {
    return this.#incoming.invalid;
  }

  /** QoS 1 messages published and not yet acknowledged by the broker. */
  get pending(): number {
    return this.#outgoing.waiting;
  }

  /** Calls `listener` at every change; returns a function that ends it. */
  onConnected(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Starts connecting; resolves with the first connection, when the broker has answered the subscriptions made so far.
   *
   * @param signal - ends the wait early
   * @throws {MeanetError} BROKER_UNREACHABLE after `timeoutMs` or when `signal` aborts, still trying
   */
  connect(timeoutMs = 10_000, signal?: AbortSignal): Promise<void> {
    this.#client.connect();
    return this.whenConnected(timeoutMs, signal);
  }

  async whenConnected(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#answered) return;
    const connected = Promise.withResolvers<"connected">();
    const stop = this.onConnected((now) => {
      if (now) connected.resolve("connected");
    });
    const outcome = await within(timeoutMs, () => connected.promise, signal);
    stop();
    if (outcome === "connected") return;
    const url = withoutSecret(this.#options.mqtt.url);
    const when = signal?.aborted === true ? "before the wait was ended" : `within ${timeoutMs} ms`;
    throw new MeanetError(
      "BROKER_UNREACHABLE",
      `no MQTT broker answered at ${url} ${when}: check that it runs, the URL and the credentials`,
      { url },
    );
  }

  /**
   * Registers a handler for a topic; before `connect()`, or later at any time. A message goes to the first handler whose topic and params
   * match. If a handler throws, that is logged and the message acknowledged, since it would throw again.
   *
   * @param params - levels to fix; the others match anything
   */
  subscribe<P extends string, T>(
    topic: Topic<P, T>,
    params: Partial<TopicParams<P>>,
    handler: (message: Message<P, T>) => void,
    options: SubscribeOptions<P> = {},
  ): Subscribed {
    const subscription = this.#incoming.add(topic, params, handler, options);
    if (this.connected) void this.#subscriptions.ask(subscription.filter);
    return { unsubscribe: () => this.#subscriptions.end(subscription) };
  }

  /**
   * Publishes with the delivery of the topic. QoS 1 resolves when the broker has acknowledged, across reconnects (but see `resends`);
   * QoS 0 is dropped and resolves `false` without a connection, or when the broker does not keep pace.
   *
   * @param value - bytes must not be changed until then
   * @throws {MeanetError} PUBLISH_BACKLOG when too much waits for the broker; PUBLISH_REFUSED when it ends connection after connection
   * on this message; SESSION_CLOSED when `close` gave it up
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

  /** Whether `publish` would now accept a QoS 1 message of this size, instead of rejecting. */
  accepts(payloadBytes: number): boolean {
    return this.#closing === undefined && !this.#outgoing.isFull(payloadBytes);
  }

  async publishBytes(
    name: string,
    payload: Uint8Array,
    { qos, retain }: { qos: 0 | 1; retain: boolean },
  ): Promise<boolean> {
    if (this.#closing !== undefined) throw closedError();
    if (qos === 0 && !this.connected) return false;
    if (this.#outgoing.isFull(payload.byteLength)) {
      if (qos === 0) return false;
      throw new MeanetError(
        "PUBLISH_BACKLOG",
        `${this.pending} messages wait for the broker: it is down or does not keep pace`,
        { name },
      );
    }
    return this.#send(name, payload, { qos, retain });
  }

  #send(name: string, payload: Uint8Array, options: { qos: 0 | 1; retain: boolean }): Promise<boolean> {
    const view = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    return this.#outgoing.send(options.qos, payload.byteLength, (sent) => {
      this.#client.publish(name, view, options, (error) => {
        const isRefused = error != null && this.#closing === undefined;
        sent(isRefused ? refusedError(name, payload.byteLength, error) : (error ?? undefined));
      });
    });
  }

  /** Publishes the status anew, with these models. */
  setModels(models: readonly string[]): void {
    this.#models = models;
    Object.assign(this.#client.options, willOption(this.#will()));
    this.#publishStatus("online");
  }

  /**
   * Publishes `stopped`, waits for what is in flight, and disconnects. After `timeoutMs` it gives the broker up, and what is not
   * acknowledged rejects with SESSION_CLOSED.
   */
  close(timeoutMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    // Never connected: mqtt.js has nothing to end, and would throw.
    const stream = this.#client.stream as MqttClient["stream"] | undefined;
    if (stream !== undefined && (await within(timeoutMs, () => this.#leave())) === "expired") {
      this.#options.log.warn({ pending: this.pending }, "the broker did not answer: closing without it");
      await this.#leaveAtOnce();
    }
    this.#outgoing.abandon();
    this.#listeners.clear();
  }

  async #leave(): Promise<void> {
    if (this.connected && this.#options.status !== undefined) {
      const { topics, site, node } = this;
      const name = topics.status.format({ site, node });
      await this.#send(name, topics.status.encode(this.#status("stopped")), topics.status).catch(() => false);
    }
    if (this.connected) await this.#end(false);
    else await this.#leaveAtOnce();
  }

  async #leaveAtOnce(): Promise<void> {
    const { stream } = this.#client;
    const closed = stream.closed ? undefined : once(stream, "close");
    void this.#end(true);
    stream.destroy();
    await closed;
  }

  #end(force: boolean): Promise<void> {
    // Ended before its CONNACK, mqtt.js would mistake the closing socket for an outage, and reconnect for ever.
    this.#client.options.reconnectPeriod = 0;
    return this.#client.endAsync(force);
  }

  #will(): Will | undefined {
    const { topics, site, node } = this;
    const { status, will } = this.#options;
    if (status === undefined) return will?.(this.#connects);
    const { qos, retain } = topics.status;
    const payload = topics.status.encode(this.#status("offline"));
    return { topic: topics.status.format({ site, node }), payload, qos, retain };
  }

  #onConnect(): void {
    this.#outages.connected();
    this.#publishStatus("online");
    const { stream } = this.#client;
    // Small messages in a row would wait up to 40 ms for the acknowledgement of the first (Nagle's algorithm).
    if (stream instanceof Socket) stream.setNoDelay(true);
    void this.#subscriptions.askForAll().then((granted) => {
      if (this.#client.stream !== stream || !this.connected) return;
      this.#answered = true;
      this.#granted = granted;
      this.#tell(true);
    });
  }

  #onClose(): void {
    const resends = this.#options.resends ?? true;
    this.#outgoing.connectionLost(resends);
    if (!resends) this.#forgetOutgoing();
    this.#outages.disconnected();
    if (!this.#client.disconnecting) this.#outages.tell();
    this.#answered = false;
    this.#granted = false;
    this.#tell(false);
  }

  #forgetOutgoing(): void {
    for (const messageId of Object.keys(this.#client.outgoing)) {
      this.#client.removeOutgoingMessage(Number(messageId));
    }
  }

  #publishStatus(state: Status["state"]): void {
    if (!this.connected || this.#options.status === undefined) return;
    const { topics, site, node } = this;
    this.publish(topics.status, { site, node }, this.#status(state)).catch((error: unknown) => {
      if (this.#closing === undefined) this.#options.log.warn({ err: error }, "status was not published");
    });
  }

  #status(state: Status["state"]): Status {
    const { kind, version } = this.#options.status!;
    return { state, kind, version, models: this.#models, since: this.since };
  }

  #tell(connected: boolean): void {
    for (const listener of this.#listeners) listener(connected);
  }
}
