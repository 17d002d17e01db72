import type { Client } from "aedes";

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
  readonly brokerId?: string;
  readonly brokerCounter?: number;
}

/**
 * Lets a message through once per client, however many of its subscriptions match.
 *
 * Aedes does this by a number that grows with each message taken in, and takes a smaller number than the last for a copy. But a
 * retained message is stored, and a QoS 1 message queued, before it is delivered: a plain QoS 0 message that came later overtakes it, and the
 * overtaken one was lost to every client that gets both. So Aedes's memory is put out of use. All copies of a message are
 * offered to a client in one turn, one after the other: it is enough to know the last one.
 */
export class OncePerClient {
  readonly #last = new WeakMap<Client, Map<string, number>>();

  /** Takes over from Aedes for this client; to be called before its first message. */
  adopt(client: Client): void {
    // Not among the typed fields.
    (client as unknown as { duplicates: object }).duplicates = nothingSeen;
    this.#last.set(client, new Map());
  }

  /** Whether this is no copy of the message offered to the client last. */
  isFirst(client: Client, { brokerId, brokerCounter }: Numbered): boolean {
    const last = this.#last.get(client);
    // Retained messages answered to a subscription have no number.
    if (last === undefined || brokerId === undefined || brokerCounter === undefined) return true;
    if (last.get(brokerId) === brokerCounter) return false;
    last.set(brokerId, brokerCounter);
    return true;
  }
}
