import { type Topic, type TopicParams, type Topics, topicsUnder } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime/error";
import { giveUpRefused, refusedError } from "@meanet/session/refused-publish";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { type Arrived, Subscriptions } from "./subscriptions.ts";

export interface LinkOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string;
  readonly clientId: string;
  readonly topicPrefix: string;
  readonly site: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificates and what belongs to them, as `tls.connect` takes them. */
  readonly tls?: IClientOptions;
  /** Told once per outage, per refused filter, and of the first broken message of each topic. */
  readonly onTrouble: (error: Error) => void;
}

/**
 * `connected` once the broker has granted every subscription, `denied` when it refused one; `rejected` while it lets this user not in.
 */
export type LinkState = "connecting" | "rejected" | "connected" | "denied" | "closed";

const MAX_PENDING = 1_000;
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
const RECONNECT_MS = 1_000;
const CLOSE_MS = 2_000;
const REST_MS = 1_000;
/** Of a CONNACK: bad user name or password, not authorized; MQTT 3.1.1, 3.2.2.3. */
const REJECTIONS: readonly unknown[] = [4, 5];
/** Topics whose broken messages are told one by one. */
const MAX_TOLD = 100;

/**
 * One MQTT connection that many nodes share. It begins with the first that needs it, reconnects for ever, and asks for every
 * subscription again on each connection.
 */
export class BrokerLink {
  readonly site: string;
  readonly topics: Topics;
  readonly #options: LinkOptions;
  readonly #subscriptions: Subscriptions;
  readonly #listeners = new Set<(state: LinkState) => void>();
  readonly #told = new Set<string>();
  /** Of each message that the broker has not acknowledged, what ends the wait for that. */
  readonly #pending = new Set<(error: Error) => void>();
  #pendingBytes = 0;
  /** Filters asked for on this connection, and whether each was granted. */
  readonly #asked = new Map<string, boolean | undefined>();
  #client: MqttClient | undefined;
  #state: LinkState = "connecting";
  #outage = false;
  #rejected = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.site = options.site;
    this.topics = topicsUnder(options.topicPrefix);
    this.#subscriptions = new Subscriptions((name, error) => this.#tellInvalid(name, error));
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Calls `listener` now and at every change; returns what ends it. */
  onState(listener: (state: LinkState) => void): () => void {
    this.#listeners.add(listener);
    this.#begin();
    listener(this.#state);
    return () => {
      this.#listeners.delete(listener);
      this.#restWhenUnused();
    };
  }

  /** Resolves once the broker has answered every subscription. @throws {MeanetError} BROKER_UNREACHABLE after `timeoutMs` */
  async whenConnected(timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(this.#unreachable(`within ${timeoutMs} ms`)), timeoutMs);
    const stop = this.onState((state) => {
      if (state === "connected" || state === "denied") resolve();
      if (state === "closed") reject(closedError());
    });
    await promise.finally(() => {
      clearTimeout(timer);
      stop();
    });
  }

  /**
   * Calls `handler` with every message of a topic; returns what ends it.
   *
   * @param params - levels to fix; the others match anything
   */
  subscribe<P extends string, T>(
    topic: Topic<P, T>,
    params: Partial<TopicParams<P>>,
    handler: (message: Arrived<P, T>) => void,
  ): () => void {
    const subscribed = this.#subscriptions.add(topic, params, handler);
    this.#begin();
    this.#ask();
    return () => {
      subscribed.end();
      this.#ask();
    };
  }

  /**
   * Publishes with the delivery of the topic, or the QoS given. QoS 1 resolves when the broker has acknowledged, across reconnects.
   *
   * @throws {MeanetError} BROKER_UNREACHABLE for QoS 0 without a connection; PUBLISH_BACKLOG when too much waits for the broker;
   * PUBLISH_REFUSED when the broker ends connection after connection on it; SESSION_CLOSED when the connection ended first; TOPIC_INVALID when a level is not an id
   */
  async publish<P extends string, T>(
    topic: Topic<P, T>,
    params: TopicParams<P>,
    value: T,
    qos: 0 | 1 = topic.qos,
  ): Promise<void> {
    const name = topic.format(params);
    const encoded = topic.encode(value);
    const payload = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
    if (this.#state === "closed") throw closedError();
    const client = this.#begin();
    if (qos === 0 && !client.connected) throw this.#unreachable("and a QoS 0 message does not wait");
    if (
      this.#pending.size >= MAX_PENDING ||
      (this.#pending.size > 0 && this.#pendingBytes + payload.byteLength > MAX_PENDING_BYTES)
    ) {
      throw new MeanetError(
        "PUBLISH_BACKLOG",
        `${this.#pending.size} messages wait for the broker: it is down or does not keep pace`,
        { name },
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.add(reject);
    this.#pendingBytes += payload.byteLength;
    client.publish(name, payload, { qos, retain: topic.retain }, (error) => {
      if (error == null) resolve();
      else if (this.#client === client) reject(refusedError(name, payload.byteLength, error));
      else reject(closedError(error));
    });
    await promise.finally(() => {
      this.#pending.delete(reject);
      this.#pendingBytes -= payload.byteLength;
    });
  }

  /** Ends the connection for good. What the broker has not acknowledged by then rejects with SESSION_CLOSED. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#setState("closed");
    this.#listeners.clear();
    if (client !== undefined) await end(client);
    for (const reject of [...this.#pending]) reject(closedError());
  }

  /** A connection that no node uses is no use; but nodes that are deployed again come back at once. */
  #restWhenUnused(): void {
    if (this.#listeners.size > 0) return;
    setTimeout(() => {
      const client = this.#client;
      if (this.#listeners.size > 0 || this.#pending.size > 0 || client === undefined) return;
      this.#client = undefined;
      this.#asked.clear();
      this.#setState("connecting");
      void end(client);
    }, REST_MS).unref();
  }

  #begin(): MqttClient {
    if (this.#client !== undefined) return this.#client;
    if (this.#state === "closed") throw closedError();
    const { url, clientId, username, password, tls } = this.#options;
    const client = mqtt.connect(url, {
      ...tls,
      clientId,
      protocolVersion: 4,
      clean: true,
      keepalive: 30,
      reconnectPeriod: RECONNECT_MS,
      // Users and rights are mended at the broker, too.
      reconnectOnConnackError: true,
      // Asked for again here on every connection; QoS 0 must not queue without bound while offline.
      resubscribe: false,
      queueQoSZero: false,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    this.#client = client;
    giveUpRefused(client);
    client.on("connect", () => {
      this.#outage = false;
      this.#rejected = false;
      this.#asked.clear();
      this.#ask();
    });
    client.on("message", (name, payload, packet) => {
      this.#subscriptions.deliver(name, payload, packet.retain);
    });
    client.on("close", () => {
      if (this.#client !== client) return;
      this.#asked.clear();
      this.#setState(this.#rejected ? "rejected" : "connecting");
    });
    client.on("error", (error) => {
      this.#rejected = REJECTIONS.includes((error as { readonly code?: unknown }).code);
      this.#tellOutage(error);
    });
    return client;
  }

  /** Brings what the broker was asked for in line with what is wanted. */
  #ask(): void {
    const client = this.#client;
    if (client?.connected !== true) return;
    const wanted = this.#subscriptions.filters;
    for (const filter of wanted) {
      if (this.#asked.has(filter)) continue;
      this.#asked.set(filter, undefined);
      const { stream } = client;
      client.subscribe(filter, { qos: 1 }, (error, granted) => {
        // An answer to a connection that is gone, or to a subscription that was ended.
        if (client.stream !== stream || !client.connected || !this.#asked.has(filter)) return;
        const denied = error !== null || (granted?.some(({ qos }) => qos >= 128) ?? false);
        this.#asked.set(filter, !denied);
        if (denied) this.#options.onTrouble(deniedError(filter, error));
        this.#settle();
      });
    }
    for (const filter of [...this.#asked.keys()]) {
      if (wanted.includes(filter)) continue;
      this.#asked.delete(filter);
      client.unsubscribe(filter);
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#client?.connected !== true) return;
    const answers = [...this.#asked.values()];
    if (answers.includes(undefined)) this.#setState("connecting");
    else this.#setState(answers.includes(false) ? "denied" : "connected");
  }

  #setState(state: LinkState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  #tellOutage(cause: Error): void {
    if (this.#outage) return;
    this.#outage = true;
    this.#options.onTrouble(this.#unreachable(`(${cause.message || "no answer"}); trying again`, cause));
  }

  #tellInvalid(name: string, error: unknown): void {
    if (this.#told.has(name) || this.#told.size >= MAX_TOLD || !(error instanceof Error)) return;
    this.#told.add(name);
    this.#options.onTrouble(
      new MeanetError("PAYLOAD_INVALID", `ignored a message of ${name}: ${error.message}`, { name }),
    );
  }

  #unreachable(how: string, cause?: Error): MeanetError {
    const url = this.#options.url.replace(/\/\/[^/@]*@/, "//");
    return new MeanetError(
      "BROKER_UNREACHABLE",
      `no connection to the MQTT broker at ${url} ${how}: check that it runs, the URL and the credentials`,
      { url },
      { cause },
    );
  }
}

async function end(client: MqttClient): Promise<void> {
  // Ended before its CONNACK, mqtt.js takes the close of the socket for an outage, and would connect again for ever.
  client.options.reconnectPeriod = 0;
  client.removeAllListeners("message");
  const graceful = client.connected;
  const ended = client.endAsync(!graceful);
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    client.stream.destroy();
    late.resolve();
  }, CLOSE_MS);
  if (!graceful) client.stream.destroy();
  await Promise.race([ended, late.promise]).finally(() => clearTimeout(timer));
}

function deniedError(filter: string, cause: Error | null): MeanetError {
  return new MeanetError(
    "SUBSCRIPTION_DENIED",
    `the broker refused the subscription to ${filter}: check the rights of this user`,
    { filter },
    { cause },
  );
}

function closedError(cause?: Error): MeanetError {
  return new MeanetError(
    "SESSION_CLOSED",
    "the MQTT connection closed before the broker had acknowledged the message: it may be lost",
    {},
    { cause },
  );
}
