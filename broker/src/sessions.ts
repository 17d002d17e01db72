import { createRequire } from "node:module";
import { Readable } from "node:stream";
import type { AedesPublishPacket, Client, Subscription } from "aedes";
import type { Limits } from "./config.ts";
import type { DropReason } from "./counters.ts";
import { type OutgoingPacket, OutgoingQueue, type PacketIdentity } from "./outgoing-queue.ts";
import { withOwnBytes } from "./own-bytes.ts";
import { RetainedMessages } from "./retained-messages.ts";

// CommonJS whose typed entry hides the class behind a callback layer.
const MemoryPersistence = createRequire(import.meta.url)(
  "aedes-persistence/asyncPersistence.js",
) as typeof import("aedes-persistence/types/asyncPersistence.js");
type Packet = Parameters<InstanceType<typeof MemoryPersistence>["outgoingEnqueue"]>[1];

export interface SessionEvents {
  readonly drop: (reason: DropReason) => void;
  /** A client acknowledged the message it got with this identifier. */
  readonly acknowledged: (client: Client, messageId: number) => void;
  /** A session ended: what it still owed comes along. */
  readonly forgotten: (clientId: string, owed: readonly OutgoingPacket[]) => void;
  /** Retained messages are being looked for on behalf of this client. @returns what to call in the end */
  readonly searching: (client: Client) => () => void;
}

/**
 * What the broker remembers between two connections of a client, in memory: subscriptions and unacknowledged messages of
 * sessions with `clean: false`; and retained messages and wills. All of it is bounded; nothing of it survives the process: promises
 * beyond that rest on the journals of the edge nodes.
 *
 * Keeps Aedes's own persistence for subscriptions, wills and inbound QoS 2, and replaces what has no bound there.
 */
export class Sessions extends MemoryPersistence {
  readonly retained: RetainedMessages;
  readonly #limits: Limits;
  readonly #events: SessionEvents;
  readonly #queues = new Map<string, OutgoingQueue>();
  /** Sessions whose client is away, and since when, ms. */
  readonly #away = new Map<string, number>();
  /** Ends with the last search on behalf of a client. */
  readonly #searches = new WeakMap<Client, Promise<void>>();
  #subscriber: Client | undefined;
  #totalBytes = 0;

  constructor(limits: Limits, events: SessionEvents) {
    super();
    this.#limits = limits;
    this.#events = events;
    this.retained = new RetainedMessages(limits.retainedMessages, limits.retainedBytes);
  }

  get count(): number {
    return this.#queues.size;
  }

  get queuedMessages(): number {
    let sum = 0;
    for (const queue of this.#queues.values()) sum += queue.length;
    return sum;
  }

  get queuedBytes(): number {
    return this.#totalBytes;
  }

  /** Messages a session owes, unacknowledged ones included. */
  owed(clientId: string): number {
    return this.#queues.get(clientId)?.length ?? 0;
  }

  /** Makes room for the session of `clientId`; false when the limit of sessions is reached. */
  open(clientId: string): boolean {
    if (this.#queues.has(clientId)) return true;
    if (this.#queues.size >= this.#limits.sessions) return false;
    this.#queues.set(clientId, new OutgoingQueue());
    return true;
  }

  here(clientId: string): void {
    this.#away.delete(clientId);
  }

  /** @param nowMs - of a clock that only runs forward: one that is set right would end every session that is away */
  left(clientId: string, nowMs: number): void {
    if (this.#queues.has(clientId)) this.#away.set(clientId, nowMs);
    else void super.cleanIncoming({ id: clientId } as Client);
  }

  /** Forgets the sessions whose clients stayed away too long. @param nowMs - of the same clock */
  async expire(nowMs: number): Promise<void> {
    const expired = [...this.#away].filter(([, since]) => nowMs - since >= this.#limits.sessionExpiry);
    for (const [clientId] of expired) await this.forget(clientId);
  }

  async forget(clientId: string): Promise<void> {
    this.#away.delete(clientId);
    const identity = { id: clientId } as Client;
    await super.cleanSubscriptions(identity);
    await super.cleanIncoming(identity);
    const queue = this.#queues.get(clientId);
    if (queue === undefined) return;
    this.#queues.delete(clientId);
    this.#totalBytes -= queue.bytes;
    this.#events.forgotten(clientId, queue.packets());
  }

  /** Keeps a message for a session. */
  enqueue(clientId: string, packet: AedesPublishPacket): boolean {
    const queue = this.#queues.get(clientId);
    if (queue === undefined) return false;
    const before = queue.bytes;
    const room = this.#limits.queuedBytesTotal - this.#totalBytes;
    const kept = queue.enqueue(packet, {
      messages: this.#limits.queuedMessages,
      bytes: Math.min(this.#limits.queuedBytes, before + room),
    });
    this.#totalBytes += queue.bytes - before;
    return kept;
  }

  // In memory both are done when they return; their promises are there for stores elsewhere.

  /** Remembers a subscription that was granted. */
  remember(client: Client, subscription: Subscription): void {
    void super.addSubscriptions(client, [subscription]);
  }

  /** Forgets one that is granted no longer. */
  forgetSubscription(client: Client, topic: string): void {
    void super.removeSubscriptions(client, [topic]);
  }

  /** Aedes would store every filter of a SUBSCRIBE once one of them is granted, the denied ones with it. */
  override async addSubscriptions(): Promise<void> {}

  /** Called at each CONNECT with `clean: true`: an earlier session of the client ends [MQTT-3.1.2-6]. */
  override async cleanSubscriptions(client: Client): Promise<void> {
    await this.forget(client.id);
  }

  override async storeRetained(packet: Packet): Promise<void> {
    if (!this.retained.store(withOwnBytes(packet as AedesPublishPacket))) this.#events.drop("retained-full");
  }

  /** Tells for whom retained messages are asked next: Aedes asks in the same breath as it tells of the subscription. */
  subscribed(client: Client): void {
    this.#subscriber = client;
  }

  override createRetainedStreamCombi(filters: string[]): Readable {
    const client = this.#subscriber;
    this.#subscriber = undefined;
    const search = this.retained.matching(filters);
    const isShort = !filters.some((filter) => /[+#]/.test(filter));
    return Readable.from(client === undefined || isShort ? search : this.#inTurn(client, search));
  }

  /**
   * One search at a time for each client, which is not read from meanwhile: each search takes a share of every turn of the event loop, and
   * hundreds of SUBSCRIBE packets in a row would leave nothing to anybody else.
   */
  async *#inTurn(client: Client, search: AsyncGenerator<AedesPublishPacket>) {
    const before = this.#searches.get(client);
    const over = Promise.withResolvers<void>();
    this.#searches.set(client, over.promise);
    const end = this.#events.searching(client);
    try {
      await before;
      if (!client.closed) yield* search;
    } finally {
      end();
      over.resolve();
    }
  }

  override createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter]);
  }

  override async outgoingEnqueue({ clientId }: { clientId: string }, packet: Packet): Promise<void> {
    if (!this.enqueue(clientId, packet as AedesPublishPacket)) this.#events.drop("session-queue-full");
  }

  override async outgoingEnqueueCombi(
    subscriptions: readonly { clientId: string; qos?: number }[],
    packet: Packet,
  ): Promise<void> {
    const publish = packet as AedesPublishPacket;
    const granted = new Map<string, number>();
    for (const { clientId, qos = 0 } of subscriptions) {
      granted.set(clientId, Math.max(granted.get(clientId) ?? 0, qos));
    }
    for (const [clientId, qos] of granted) {
      // [MQTT-3.3.1-9]: to an established subscription a message is not a retained one.
      const copy = { ...publish, retain: false, qos: Math.min(qos, publish.qos) as 0 | 1 | 2 };
      if (!this.enqueue(clientId, copy)) this.#events.drop("session-queue-full");
    }
  }

  override async outgoingUpdate(client: Client, packet: Packet): Promise<void> {
    this.#queues.get(client.id)?.update(packet as PacketIdentity);
  }

  override async outgoingClearMessageId(client: Client, packet: Packet): Promise<Packet> {
    const { messageId } = packet as PacketIdentity;
    if (messageId === undefined) return undefined as unknown as Packet;
    this.#events.acknowledged(client, messageId);
    const queue = this.#queues.get(client.id);
    const before = queue?.bytes ?? 0;
    const known = queue?.acknowledge(messageId);
    this.#totalBytes += (queue?.bytes ?? 0) - before;
    return known as unknown as Packet;
  }

  /**
   * Remembers that a QoS 2 message was passed on, until its PUBREL. Only its identifier is asked for later: a thousand payloads that are
   * never released would take gigabytes. It is part of a session, so a client that only publishes has one by it.
   */
  override async incomingStorePacket(client: Client, packet: Packet): Promise<void> {
    if (!client.clean) this.open(client.id);
    const { messageId } = packet as PacketIdentity;
    await super.incomingStorePacket(client, { cmd: "publish", qos: 2, messageId } as unknown as Packet);
  }

  override outgoingStream(client: Client): Readable {
    return Readable.from(this.#queues.get(client.id)?.packets() ?? []);
  }
}
