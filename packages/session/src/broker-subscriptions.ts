import { type Logger, within } from "@meanet/runtime";
import type { MqttClient } from "mqtt";
import type { Incoming, Subscription } from "./incoming.ts";

export interface BrokerSubscriptionsOptions {
  readonly client: MqttClient;
  readonly incoming: Incoming;
  /**
   * Adds a subscription to a retained message of the client's own, which calls `arrived` ahead of every other handler; absent for a client
   * that has none.
   */
  readonly mark?: ((arrived: () => void) => Subscription) | undefined;
  /** Calls `listener` at every change of the connection; returns a function that ends it. */
  readonly onConnected: (listener: (connected: boolean) => void) => () => void;
  readonly log: Logger;
}

const UNSUBSCRIBE_TIMEOUT_MS = 5_000;

/** The subscriptions of a session at its broker: one for every handler, until it ends. */
export class BrokerSubscriptions {
  readonly #options: BrokerSubscriptionsOptions;
  /** Settles with the last mark that an unsubscribe waits for. */
  #marks: Promise<void> = Promise.resolve();

  constructor(options: BrokerSubscriptionsOptions) {
    this.#options = options;
  }

  /** Subscribes for every handler. @returns whether each was granted, once all are answered */
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
        // Without a connection, it is made anew on the next.
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

  /** Removes the handler, and resolves, when the broker has delivered what it had queued, is gone, or has not answered for seconds. */
  async end(subscription: Subscription): Promise<void> {
    const { client, incoming } = this.#options;
    // Another handler may need the same filter.
    const isLast = incoming.filters.filter((filter) => filter === subscription.filter).length === 1;
    if (client.connected && isLast) {
      await within(UNSUBSCRIBE_TIMEOUT_MS, async (signal) => {
        await new Promise<void>((resolve) => {
          client.unsubscribe(subscription.filter, () => resolve());
        });
        // One mark at a time: they are all alike, and each must reach the one who waits for it.
        this.#marks = this.#marks.then(() => this.#passQueue(signal));
        await this.#marks;
      });
    }
    incoming.remove(subscription);
  }

  /**
   * Resolves when what the broker had queued for this client has arrived. The broker goes on delivering that after it has agreed to an
   * unsubscribe; subscribing to a retained message of the client's own puts one last message behind it, the mark.
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
