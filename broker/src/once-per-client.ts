import type { Client } from "aedes";
import { SHARE_PREFIX } from "./topic-filter.ts";

/** Answers any broker's name with "nothing seen yet", and forgets what it is told. */
const nothingSeen = new Proxy(
  {},
  {
    get: () => undefined,
    set: () => true,
    deleteProperty: () => true,
  },
);

/** A message as Aedes numbers it: by the broker, or by the share group it is a copy of. */
interface Numbered {
  readonly brokerId?: string | null;
  readonly brokerCounter?: number;
}

/**
 * Lets a message through once per client, however many of its subscriptions match.
 *
 * Aedes does this by a number that grows with each message taken in, and takes a smaller number than the last for a copy. But a
 * retained message is stored, and a QoS 1 message queued, before it is delivered: a plain QoS 0 message that came later overtakes it, and the
 * overtaken one was lost to every client that gets both. So Aedes's memory is put out of use. All copies of a message are
 * offered to a client in one turn, one after the other: it is enough to know the last one.
 *
 * A share group chooses one member for each message: what it sends is the only copy. It is let through without a memory of
 * its name, since a client may join any number of groups, one after the other.
 */
export class OncePerClient {
  readonly #last = new WeakMap<Client, number | undefined>();

  /** Takes over from Aedes for this client; to be called before its first message. */
  adopt(client: Client): void {
    // Not among the typed fields.
    (client as unknown as { duplicates: object }).duplicates = nothingSeen;
  }

  /** Whether this is no copy of the message offered to the client last. */
  isFirst(client: Client, { brokerId, brokerCounter }: Numbered): boolean {
    // Retained messages answered to a subscription bear no broker's name.
    if (typeof brokerId !== "string" || brokerId.startsWith(SHARE_PREFIX)) return true;
    if (this.#last.get(client) === brokerCounter) return false;
    this.#last.set(client, brokerCounter);
    return true;
  }
}
