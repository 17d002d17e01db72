import type { MqttSession } from "@meanet/session";
import type { Tally } from "./tally.ts";

export interface StatsOptions {
  readonly session: MqttSession;
  readonly tally: Tally;
  readonly intervalMs: number;
  readonly onError: (error: unknown) => void;
}

/** Publishes the recorder's own `{node}/stats`: on each connection, then in intervals, and a last time on stop. */
export class StatsPublisher {
  readonly #options: StatsOptions;
  readonly #startedAt = Date.now();
  readonly #timer: NodeJS.Timeout;
  readonly #unlisten: () => void;

  constructor(options: StatsOptions) {
    this.#options = options;
    const publish = () => void this.#publish().catch(options.onError);
    this.#timer = setInterval(publish, options.intervalMs);
    this.#unlisten = options.session.onConnected((connected) => {
      if (connected) publish();
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unlisten();
    await this.#publish();
  }

  async #publish(): Promise<void> {
    const { session, tally } = this.#options;
    const { site, node, topics } = session;
    const at = Date.now();
    await session.publish(
      topics.stats,
      { site, node },
      {
        kind: "recorder",
        at,
        uptimeS: Math.max(0, at - this.#startedAt) / 1000,
        counters: tally.counters,
        drops: tally.drops,
        queues: tally.queues,
      },
    );
  }
}
