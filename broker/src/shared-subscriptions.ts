import type { Aedes, AedesPublishPacket, Client } from "aedes";
import type { DropReason } from "./counters.ts";
import type { QueueBounds } from "./outgoing-queue.ts";
import { withOwnBytes } from "./own-bytes.ts";
import { parseSharedFilter, SHARE_PREFIX, type SharedFilter } from "./topic-filter.ts";

/** The sessions of clients that are away. */
interface OfflineQueues {
  owed(clientId: string): number;
  enqueue(clientId: string, packet: AedesPublishPacket): boolean;
}

export interface SharedSubscriptionOptions {
  readonly broker: Aedes;
  readonly queues: OfflineQueues;
  /** What is kept for a member without a session until it acknowledges. */
  readonly bounds: QueueBounds;
  readonly unsentBytes: (client: Client) => number;
  readonly drop: (reason: DropReason) => void;
}

interface Member {
  readonly clientId: string;
  /** The present connection, or the last one. */
  client: Client;
  qos: 0 | 1 | 2;
  /** When it was last chosen, as a count of choices. */
  chosenAt: number;
}

interface Group extends SharedFilter {
  readonly name: string;
  readonly members: Map<string, Member>;
  readonly listener: (packet: AedesPublishPacket, done: () => void) => void;
}

/** Sent to one member and not acknowledged, by packet identifier. */
interface Owed {
  readonly packets: Map<number, AedesPublishPacket>;
  bytes: number;
}

const MAX_MESSAGE_ID = 65_535;

/**
 * Shared subscriptions for MQTT 3.1.1 clients: each message goes to one member of each group, `$share/{group}/{filter}`.
 *
 * To Aedes such a filter is an ordinary subscription that no topic ever matches: it keeps, restores and ends it with the session. The
 * messages are taken here, once per group, by a listener on the filter itself.
 *
 * - The member that owes the fewest acknowledgements gets the message, then the one with the fewest unsent bytes, then the one that
 *   waited longest for its turn.
 * - A member that is away gets messages only while no member is here, and only with a session; else the message is dropped and counted.
 * - What a session had and did not acknowledge is its own: it gets it again when it is back. What a member without a
 *   session (clean) had and did not acknowledge goes to another member when it leaves; past the bounds of a session it has
 *   its messages once and for all.
 * - A client with a plain subscription beside the shared one gets a message of each, as if it were two clients. Retained
 *   messages are not sent for shared subscriptions (MQTT 5 §4.8.2).
 */
export class SharedSubscriptions {
  readonly #options: SharedSubscriptionOptions;
  readonly #groups = new Map<string, Group>();
  readonly #here = new Set<Client>();
  /** By members without a session. */
  readonly #unacknowledged = new Map<Client, Owed>();
  #choices = 0;
  #stopped = false;

  constructor(options: SharedSubscriptionOptions) {
    this.#options = options;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  /** Takes `client` into the group: messages reach it from now on. */
  join(client: Client, name: string, qos: 0 | 1 | 2): void {
    const shared = parseSharedFilter(name);
    if (shared === undefined) return;
    const group = this.#groups.get(name);
    const member = {
      clientId: client.id,
      client,
      qos,
      chosenAt: group?.members.get(client.id)?.chosenAt ?? 0,
    };
    if (group !== undefined) {
      group.members.set(client.id, member);
      return;
    }
    const created: Group = {
      ...shared,
      name,
      members: new Map([[client.id, member]]),
      listener: (packet, done) => {
        this.#dispatch(created, packet);
        done();
      },
    };
    this.#groups.set(name, created);
    this.#options.broker.subscribe(created.filter, created.listener, () => undefined);
  }

  leave(client: Client, name: string): void {
    const group = this.#groups.get(name);
    // A connection that was taken over leaves after its successor joined.
    if (group?.members.get(client.id)?.client === client) this.#remove(group, client.id);
  }

  /** The client's CONNACK is out: messages may follow it. */
  connected(client: Client): void {
    this.#here.add(client);
  }

  disconnected(client: Client): void {
    this.#here.delete(client);
    const owed = this.#unacknowledged.get(client);
    if (owed === undefined) return;
    this.#unacknowledged.delete(client);
    for (const packet of owed.packets.values()) this.#redirect(packet);
  }

  /** The session ended: other members get what it owed. */
  forgotten(clientId: string, owed: readonly AedesPublishPacket[]): void {
    for (const group of [...this.#groups.values()]) {
      const member = group.members.get(clientId);
      if (member !== undefined && !member.client.clean) this.#remove(group, clientId);
    }
    for (const packet of owed) this.#redirect(packet);
  }

  acknowledged(client: Client, messageId: number): void {
    const owed = this.#unacknowledged.get(client);
    const packet = owed?.packets.get(messageId);
    if (owed === undefined || packet === undefined) return;
    owed.packets.delete(messageId);
    owed.bytes -= packet.payload.length;
  }

  /**
   * Called for each packet on its way to a client; those of a group to a member without a session get an identifier here, so that
   * their acknowledgement is recognised.
   */
  forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket {
    if (!client.clean || packet.qos === 0 || !packet.brokerId?.startsWith(SHARE_PREFIX)) return packet;
    let owed = this.#unacknowledged.get(client);
    if (owed === undefined) {
      owed = { packets: new Map(), bytes: 0 };
      this.#unacknowledged.set(client, owed);
    }
    const { bounds, drop } = this.#options;
    const bytes = owed.bytes + packet.payload.length;
    if (owed.packets.size >= Math.min(bounds.messages, MAX_MESSAGE_ID) || bytes > bounds.bytes) {
      drop("session-queue-full");
      return packet;
    }
    const messageId = takeMessageId(client, owed.packets);
    owed.packets.set(messageId, withOwnBytes(packet));
    owed.bytes = bytes;
    return { ...packet, messageId };
  }

  /** From now on nothing is passed on to other members: all of them are leaving. */
  stop(): void {
    this.#stopped = true;
  }

  #remove(group: Group, clientId: string): void {
    group.members.delete(clientId);
    if (group.members.size > 0) return;
    this.#groups.delete(group.name);
    this.#options.broker.unsubscribe(group.filter, group.listener, () => undefined);
  }

  #redirect(packet: AedesPublishPacket): void {
    if (this.#stopped || !packet.brokerId?.startsWith(SHARE_PREFIX)) return;
    const group = this.#groups.get(packet.brokerId);
    if (group === undefined) this.#options.drop("share-no-member");
    else this.#dispatch(group, packet);
  }

  #dispatch(group: Group, packet: AedesPublishPacket): void {
    // The listener of a group that just ended is removed a moment later.
    if (group.members.size === 0) return;
    // [MQTT-4.7.2-1]
    if (packet.topic.startsWith("$") && /^[+#]/.test(group.filter)) return;
    const choice = ++this.#choices;
    const member = this.#best(group);
    if (member !== undefined) {
      member.chosenAt = choice;
      const copy = copyFor(group, choice, member, packet);
      member.client.publish(copy, () => undefined);
      return;
    }
    if (packet.qos > 0) {
      const away = [...group.members.values()]
        .filter(({ client, qos }) => !client.clean && qos > 0)
        .sort((a, b) => this.#options.queues.owed(a.clientId) - this.#options.queues.owed(b.clientId));
      for (const candidate of away) {
        if (this.#options.queues.enqueue(candidate.clientId, copyFor(group, choice, candidate, packet)))
          return;
      }
    }
    this.#options.drop("share-no-member");
  }

  /** The member to get the next message, of those that are here. */
  #best(group: Group): Member | undefined {
    let best: Member | undefined;
    let least: readonly number[] = [];
    for (const member of group.members.values()) {
      const { client } = member;
      if (client.closed || !this.#here.has(client)) continue;
      const owed = client.clean
        ? (this.#unacknowledged.get(client)?.packets.size ?? 0)
        : this.#options.queues.owed(member.clientId);
      const load = [owed, this.#options.unsentBytes(client), member.chosenAt];
      if (best === undefined || isLess(load, least)) {
        best = member;
        least = load;
      }
    }
    return best;
  }
}

/**
 * The message as one of its group. Aedes delivers a message once per client however many subscriptions match, telling messages by
 * `brokerId` and a growing `brokerCounter`: under the group's own name it counts apart from plain subscriptions.
 */
function copyFor(
  group: Group,
  counter: number,
  member: Member,
  packet: AedesPublishPacket,
): AedesPublishPacket {
  return {
    cmd: "publish",
    topic: packet.topic,
    payload: packet.payload,
    qos: Math.min(packet.qos, member.qos) as 0 | 1 | 2,
    retain: false,
    dup: false,
    brokerId: group.name,
    brokerCounter: counter,
    // Who published it; undocumented in Aedes's types.
    ...("clientId" in packet ? { clientId: packet.clientId } : {}),
  } as AedesPublishPacket;
}

/** The client's next packet identifier; some are free. Aedes counts them in a field of its own and would otherwise choose one later, unseen. */
function takeMessageId(client: Client, taken: Owed["packets"]): number {
  const counting = client as unknown as { _nextId: number };
  let id: number;
  do {
    id = counting._nextId;
    counting._nextId = id >= MAX_MESSAGE_ID ? 1 : id + 1;
  } while (taken.has(id));
  return id;
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, value] of a.entries()) {
    if (value !== b[index]) return value < b[index]!;
  }
  return false;
}
