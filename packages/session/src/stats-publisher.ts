import type { NodeEnergy, NodeKind, Stats } from "@meanet/protocol";
import type { MqttSession } from "./session.ts";

export interface StatsOptions {
  readonly session: MqttSession;
  readonly kind: NodeKind;
  readonly intervalMs: number;
  /** Read for each publication. */
  readonly stats: () => Omit<Stats, keyof Head | "memoryBytes">;
  /** Left out by nodes that count no joules. */
  readonly energy?: () => Omit<NodeEnergy, keyof Head>;
  readonly onError: (error: unknown) => void;
}

interface Head {
  readonly kind: NodeKind;
  readonly at: number;
  readonly uptimeS: number;
  readonly since: number;
}

/** Publishes `{node}/stats` and `{node}/energy`: at once on a connection, then in intervals, and a last time on stop. */
export class StatsPublisher {
  readonly #options: StatsOptions;
  /** On the steady clock, which no change of the time of day moves. */
  readonly #startedAt = performance.now();
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
    const { session, kind, stats, energy } = this.#options;
    const { site, node, topics } = session;
    const uptimeS = (performance.now() - this.#startedAt) / 1000;
    const head: Head = { kind, at: Date.now(), uptimeS, since: session.since };
    await session.publish(
      topics.stats,
      { site, node },
      { ...head, memoryBytes: process.memoryUsage.rss(), ...stats() },
    );
    if (energy !== undefined) await session.publish(topics.energy, { site, node }, { ...head, ...energy() });
  }
}
