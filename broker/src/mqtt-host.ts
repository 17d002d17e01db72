import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Logger, Registry } from "@meanet/runtime";
import { Aedes, type AedesPublishPacket, type Client, type PublishPacket, type Subscription } from "aedes";
import mqemitter from "mqemitter";
import { ACCEPTED, Access, refusals, UNAVAILABLE } from "./access.ts";
import { Backlog } from "./backlog.ts";
import type { BrokerConfig } from "./config.ts";
import { Connection, type Link } from "./connection.ts";
import { BrokerCounters } from "./counters.ts";
import { Door } from "./door.ts";
import { KeptTotal } from "./kept-bytes.ts";
import type { Accept, Admit } from "./listen-tcp.ts";
import { OncePerClient } from "./once-per-client.ts";
import { endReason } from "./outcomes.ts";
import { Sessions } from "./sessions.ts";
import { SharedSubscriptions } from "./shared-subscriptions.ts";
import { parseSharedFilter } from "./topic-filter.ts";

/** Of a name in the log: it is the client's word, and may be 64 KiB long. */
const MAX_NAME_TOLD = 64;
const MAX_TOPIC_TOLD = 256;
const MAX_DETAIL_TOLD = 512;
/** How often stalled clients and expired sessions are looked for. */
const SWEEP_MS = { least: 20, most: 1000 };
/** While stopping: how often it is looked whether clients have taken their bytes. */
const DRAIN_POLL_MS = 20;
const SETTLING_TURNS = 10;

/**
 * Aedes with everything it leaves to its host: access, bounds for each client, shared subscriptions, counters.
 * Listeners hand it their links through {@link MqttHost.accept}.
 */
export class MqttHost {
  readonly aedes: Aedes;
  readonly counters: BrokerCounters;
  readonly #config: BrokerConfig;
  readonly #log: Logger;
  readonly #access: Access;
  readonly #sessions: Sessions;
  readonly #shared: SharedSubscriptions;
  readonly #backlog: Backlog;
  readonly #door: Door;
  /** Connections that are not links yet, each with its deadline. */
  readonly #arriving = new Map<string, { readonly socket: Socket; readonly timer: NodeJS.Timeout }>();
  readonly #unfinished: KeptTotal;
  readonly #connections = new Set<Connection>();
  /** Those whose link is not closed yet: after its end a connection may still be delivering its last bytes. */
  readonly #open = new Set<Connection>();
  /** Filters granted to each client, and the bytes of all of them. */
  readonly #filters = new WeakMap<Client, { readonly names: Set<string>; bytes: number }>();
  readonly #once = new OncePerClient();
  readonly #sweep: NodeJS.Timeout;
  #stopping = false;

  static async create(config: BrokerConfig, log: Logger, metrics: Registry): Promise<MqttHost> {
    const host = new MqttHost(config, log, metrics);
    await host.aedes.listen();
    return host;
  }

  private constructor(config: BrokerConfig, log: Logger, metrics: Registry) {
    const { limits } = config;
    this.#config = config;
    this.#log = log;
    this.#door = new Door(limits);
    this.#unfinished = new KeptTotal(limits.unfinishedBytesTotal);
    this.#access = new Access(config.authentication);
    this.#backlog = new Backlog(limits, (clientId) => {
      const client = this.#clients[clientId];
      return client && connectionOf(client);
    });
    this.#sessions = new Sessions(limits, {
      drop: (reason) => this.counters.drop(reason),
      acknowledged: (client, messageId) => this.#shared.acknowledged(client, messageId),
      forgotten: (clientId, owed) =>
        this.#shared.forgotten(
          clientId,
          owed.filter((packet) => packet.cmd === "publish"),
        ),
      searching: (client) => {
        const connection = connectionOf(client);
        connection.hold();
        return () => connection.release();
      },
    });
    this.aedes = new Aedes({
      persistence: this.#sessions,
      // No limit of messages under way: since no write waits, each is done within a turn of the event loop.
      mq: mqemitter({ concurrency: 0, matchEmptyLevels: true }),
      concurrency: 0,
      connectTimeout: limits.connectTimeout,
      drainTimeout: limits.drainTimeout,
      keepaliveLimit: Math.ceil(limits.keepaliveLimit / 1000),
      maxInflightInbound: limits.maxInflightInbound,
      maxTopicLevels: limits.maxTopicLevels,
      authenticate: (client, name, password, done) => this.#authenticate(client, name, password, done),
      authorizePublish: (client, packet, done) => done(this.#publishError(client, packet)),
      authorizeSubscribe: (client, subscription, done) => {
        done(null, this.#subscribe(client, subscription) ? subscription : null);
      },
      authorizeForward: (client, packet) => this.#forward(client, packet),
    });
    this.#shared = new SharedSubscriptions({
      broker: this.aedes,
      queues: this.#sessions,
      bounds: { messages: limits.queuedMessages, bytes: limits.queuedBytes },
      unsentBytes: (client) => connectionOf(client).unsentBytes,
      drop: (reason) => this.counters.drop(reason),
    });
    this.counters = new BrokerCounters(
      metrics,
      () => this.#levels(),
      () => ({ in: this.#sum("bytesIn"), out: this.#sum("bytesOut") }),
    );
    this.#listen();
    const sweep = () => {
      this.#backlog.sweep(this.#connections);
      void this.#sessions.expire(performance.now());
    };
    this.#sweep = setInterval(
      sweep,
      Math.max(SWEEP_MS.least, Math.min(SWEEP_MS.most, limits.drainTimeout / 2)),
    );
    this.#sweep.unref();
  }

  /** Whether a new connection may stay, asked before the first of its bytes is read. */
  readonly admit: Admit = (socket) => {
    this.counters.connection();
    const address = socket.remoteAddress ?? "";
    const refusal = this.#stopping ? "stopping" : this.#door.enter(address);
    if (refusal !== undefined) {
      this.#ended(`${address}:${socket.remotePort}`, undefined, refusal, undefined);
      return false;
    }
    const key = keyOf(socket);
    // Node's own timeouts of TLS and HTTP start anew with each byte that trickles in, or end nothing.
    const timer = setTimeout(() => {
      const error = new Error("TLS or the WebSocket upgrade was not over in time");
      this.#ended(`${address}:${socket.remotePort}`, undefined, "connect-timeout", error);
      socket.destroy();
    }, this.#config.limits.connectTimeout);
    this.#arriving.set(key, { socket, timer });
    socket.once("close", () => {
      this.#door.leave(address);
      clearTimeout(timer);
      if (this.#arriving.get(key)?.socket === socket) this.#arriving.delete(key);
    });
    return true;
  };

  /** Takes over a new link as a client's connection. */
  readonly accept: Accept<IncomingMessage | undefined> = (link: Link, socket, request) => {
    const key = keyOf(socket);
    clearTimeout(this.#arriving.get(key)?.timer);
    this.#arriving.delete(key);
    const connection = new Connection(link, this.#config.limits.maxPacketBytes, this.#unfinished);
    this.#connections.add(connection);
    this.#open.add(connection);
    const client = this.aedes.handle(connection, request);
    this.#once.adopt(client);
    connection.once("close", () => {
      this.#connections.delete(connection);
      this.counters.closed(connection.bytesIn, connection.bytesOut);
      this.#shared.disconnected(client);
      // Unless another connection has taken the session over.
      if (client.id !== null && !client.clean && !this.#isTakenOver(client)) {
        this.#sessions.left(client.id, performance.now());
      }
    });
    return {
      data: (chunk) => connection.receive(chunk),
      part: (bytes) => connection.receivePart(bytes),
      end: () => connection.receiveEnd(),
      closed: () => this.#open.delete(connection),
    };
  };

  /** Takes nothing more from clients, lets them take their waiting bytes for a while, then disconnects all and closes. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.#shared.stop();
    this.#backlog.stop();
    for (const { socket } of this.#arriving.values()) socket.destroy();
    clearInterval(this.#sweep);
    for (const connection of this.#connections) connection.hold();
    // Aedes acknowledges a message a turn of the event loop before it passes it on.
    for (let turn = 0; turn < SETTLING_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    const deadline = performance.now() + this.#config.stopTimeout;
    const untilOrLate = async (done: () => boolean) => {
      while (!done() && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
      }
    };
    await untilOrLate(() => this.#sum("unsentBytes") === 0);
    await new Promise<void>((resolve) => this.aedes.close(resolve));
    // Those that never got as far as a CONNECT are unknown to Aedes.
    for (const connection of this.#connections) connection.destroy();
    await untilOrLate(() => this.#open.size === 0);
    await this.#sessions.destroy();
  }

  #authenticate(
    client: Client,
    name: string | undefined,
    password: Buffer | undefined,
    done: (error: (Error & { returnCode: number }) | null, accepted: boolean | null) => void,
  ): void {
    const answer = (returnCode: number) => {
      if (returnCode === ACCEPTED) {
        done(null, true);
        return;
      }
      connectionOf(client).reason = "refused";
      const who = name === undefined ? "without a user name" : `of user "${name.slice(0, MAX_NAME_TOLD)}"`;
      const why = refusals[returnCode] ?? `return code ${returnCode}`;
      done(Object.assign(new Error(`CONNECT ${who} refused: ${why}`), { returnCode }), false);
    };
    this.#access.connect(client, name, password).then(answer, () => answer(UNAVAILABLE));
  }

  #publishError(client: Client | null, packet: PublishPacket): Error | null {
    if (client === null) return null;
    if (!packet.topic.startsWith("$") && this.#access.mayPublish(client, packet.topic)) return null;
    // 3.1.1 knows no refusal of a PUBLISH: only silence or the end of the connection [MQTT-3.3.5-2].
    connectionOf(client).reason ??= "forbidden-topic";
    return new Error(`client may not publish to "${packet.topic.slice(0, MAX_TOPIC_TOLD)}"`);
  }

  /**
   * Whether the subscription is granted; if so the session knows it, and the group if it is a shared one.
   *
   * At once: Aedes goes on with the client's next packet meanwhile. An UNSUBSCRIBE, or the end of the connection, found nothing to end
   * otherwise, and what it should have ended stayed.
   */
  #subscribe(client: Client, { topic, qos }: Subscription): boolean {
    // Aedes may get as far as this before it has looked at the CONNECT: the client has no id yet, and no rights.
    if (client.closed || client.id === null) return false;
    let filters = this.#filters.get(client);
    if (filters === undefined) {
      filters = { names: new Set(), bytes: 0 };
      this.#filters.set(client, filters);
    }
    const isShared = topic.startsWith("$share");
    const isNew = !filters.names.has(topic);
    const { maxSubscriptions, subscriptionBytes } = this.#config.limits;
    const granted =
      (!isShared || parseSharedFilter(topic) !== undefined) &&
      this.#access.maySubscribe(client, topic) &&
      (!isNew ||
        (filters.names.size < maxSubscriptions && filters.bytes + topic.length <= subscriptionBytes)) &&
      (client.clean || this.#sessions.open(client.id));
    if (!granted) {
      if (!client.clean) this.#sessions.forgetSubscription(client, topic);
      this.counters.subscriptionDenied();
      const told = { client: client.id.slice(0, MAX_NAME_TOLD), filter: topic.slice(0, MAX_TOPIC_TOLD) };
      this.#log.warn(told, "subscription denied");
      return false;
    }
    filters.names.add(topic);
    if (isNew) filters.bytes += topic.length;
    if (!client.clean) this.#sessions.remember(client, { topic, qos });
    if (isShared) this.#shared.join(client, topic, qos);
    return true;
  }

  /** What goes out to `client` for a message, if anything. */
  #forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (!this.#once.isFirst(client, packet)) return null;
    const admission = this.#backlog.admit(connectionOf(client), packet);
    if (admission === "drop") this.counters.drop("slow-subscriber");
    if (admission !== "send") return null;
    this.counters.messageOut();
    return this.#shared.forward(client, packet);
  }

  #listen(): void {
    this.aedes.on("publish", (_packet, client) => {
      if (client !== null) this.counters.messageIn();
    });
    this.aedes.on("connackSent", ({ returnCode }, client) => {
      if (returnCode !== 0) return;
      connectionOf(client).answered();
      this.#shared.connected(client);
      this.#sessions.here(client.id);
    });
    this.aedes.on("subscribe", (_filters, client) => {
      this.#sessions.subscribed(client);
      connectionOf(client).answered();
    });
    this.aedes.on("unsubscribe", (filters, client) => {
      const granted = this.#filters.get(client);
      for (const filter of filters) {
        if (granted?.names.delete(filter)) granted.bytes -= filter.length;
        this.#shared.leave(client, filter);
      }
      connectionOf(client).answered();
    });
    const onError = (client: Client, error: Error) => {
      const connection = connectionOf(client);
      this.#ended(connection.remote, client.id ?? undefined, endReason(connection, error), error);
    };
    this.aedes.on("clientError", onError);
    this.aedes.on("connectionError", onError);
    // Not among the typed events; without a listener it would end the process.
    const emitter: EventEmitter = this.aedes;
    emitter.on("error", (error: Error) => this.#log.error({ err: error }, "broker error"));
  }

  #ended(remote: string, client: string | undefined, reason: string, error: Error | undefined): void {
    if (this.#stopping && reason === "connection-lost") return;
    this.counters.ended(reason);
    const level = reason === "connection-lost" ? "debug" : "warn";
    const told = {
      client: client?.slice(0, MAX_NAME_TOLD),
      detail: error?.message.slice(0, MAX_DETAIL_TOLD),
    };
    this.#log[level]({ remote, reason, ...told }, "connection ended");
  }

  /** By client id; left out of Aedes's types. */
  get #clients(): Readonly<Record<string, Client>> {
    return (this.aedes as unknown as { clients: Record<string, Client> }).clients;
  }

  #isTakenOver(client: Client): boolean {
    const present = this.#clients[client.id];
    return present !== undefined && present !== client;
  }

  #sum(what: "bytesIn" | "bytesOut" | "unsentBytes"): number {
    let sum = 0;
    for (const connection of this.#connections) sum += connection[what];
    return sum;
  }

  #levels() {
    return {
      clients: this.#connections.size,
      sessions: this.#sessions.count,
      retainedMessages: this.#sessions.retained.size,
      retainedBytes: this.#sessions.retained.bytes,
      queuedMessages: this.#sessions.queuedMessages,
      queuedBytes: this.#sessions.queuedBytes,
      unfinishedBytes: this.#unfinished.bytes,
      unsentBytes: this.#sum("unsentBytes"),
      shareGroups: this.#shared.groupCount,
    };
  }
}

/** The same for a socket and for what TLS makes of it. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function connectionOf(client: Client): Connection {
  return client.conn as Connection;
}
