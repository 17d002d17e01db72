import { type Logger, within } from "@meanet/runtime";
import type { MqttClient } from "mqtt";
import type { Incoming, Subscription } from "./incoming.ts";

export interface BrokerSubscriptionsOptions {
  readonly client: MqttClient;
  readonly incoming: Incoming;
  /**
   * Adds a subscription whose retained message comes to `arrived`, ahead of every other handler; left out by a client that has
   * no retained message of its own.
   */
  readonly mark?: ((arrived: () => void) => Subscription) | undefined;
  /** Calls `listener` at every change of the connection; returns what ends it. */
  readonly onConnected: (listener: (connected: boolean) => void) => () => void;
  readonly log: Logger;
}

const UNSUBSCRIBE_TIMEOUT_MS = 5_000;

/** What a session asks of its broker: a filter for every handler, and no more of one that has ended. */
export class BrokerSubscriptions {
  readonly #options: BrokerSubscriptionsOptions;
  /** Ends with the last mark that an unsubscribe waits for. */
  #marks: Promise<void> = Promise.resolve();

  constructor(options: BrokerSubscriptionsOptions) {
    this.#options = options;
  }

  /** For everything that has a handler. @returns whether each was granted, once all are answered */
  async askForAll(): Promise<boolean> {
    const answers = await Promise.all(this.#options.incoming.filters.map((filter) => this.ask(filter)));
    return answers.every(Boolean);
  }

  /** @returns whether it was granted; a refusal is logged */
  ask(filter: string): Promise<boolean> {
    const { client, log } = this.#options;
    return new Promise((resolve) => {
      client.subscribe(filter, { qos: 1 }, (error, granted) => {
        const denied = granted?.some(({ qos }) => qos === 128) ?? false;
        // Without a connection it is made again on the next.
        if (client.connected && (error !== null || denied)) {
          log.error(
            { filter, err: error },
            "the broker refused a subscription: check the rights of this user",
          );
        }
        resolve(error === null && !denied);
      });
    });
  }

  /** Resolves, and takes the handler away, when the broker has delivered what it had queued, is gone, or has not answered for seconds. */
  async end(subscription: Subscription): Promise<void> {
    const { client, incoming } = this.#options;
    // Another handler may want the same of the broker.
    const isLast = incoming.filters.filter((filter) => filter === subscription.filter).length === 1;
    if (client.connected && isLast) {
      await within(UNSUBSCRIBE_TIMEOUT_MS, async (signal) => {
        await new Promise<void>((resolve) => {
          client.unsubscribe(subscription.filter, () => resolve());
        });
        // One mark after the other: they are alike, and each must find who waits for it.
        this.#marks = this.#marks.then(() => this.#passQueue(signal));
        await this.#marks;
      });
    }
    incoming.remove(subscription);
  }

  /**
   * Resolves when what the broker had queued for this client has arrived. It keeps on delivering that after it has agreed to
   * an unsubscribe; a subscription to a retained message of the client's own puts one last message behind it.
   */
  async #passQueue(signal: AbortSignal): Promise<void> {
    const { client, incoming, mark, onConnected } = this.#options;
    if (mark === undefined || !client.connected || signal.aborted) return;
    const passed = Promise.withResolvers<void>();
    const last = mark(passed.resolve);
    const stop = onConnected((connected) => {
      if (!connected) passed.resolve();
    });
    signal.addEventListener("abort", () => passed.resolve());
    // Not awaited: the answer to the subscription may never come.
    void this.ask(last.filter).then((granted) => {
      if (!granted) passed.resolve();
    });
    await passed.promise;
    stop();
    incoming.remove(last);
    if (!incoming.filters.includes(last.filter)) client.unsubscribe(last.filter);
  }
}
