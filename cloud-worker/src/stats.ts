import type { NodeEnergy, Stats } from "@meanet/protocol";
import type { MqttSession } from "@meanet/session";
import type { BatchMeter } from "./batch-meter.ts";
import type { Tally } from "./tally.ts";

export interface StatsOptions {
  readonly session: MqttSession;
  readonly tally: Tally;
  readonly meter: BatchMeter;
  readonly intervalMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Publishes `{node}/stats` and `{node}/energy`: at once on a connection, then in intervals, and a last time on stop. */
export class StatsPublisher {
  readonly #options: StatsOptions;
  readonly #startedAt: number;
  readonly #timer: NodeJS.Timeout;
  readonly #unlisten: () => void;

  constructor(options: StatsOptions) {
    this.#options = options;
    this.#startedAt = options.now();
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
    const { session, tally, meter, now } = this.#options;
    const { site, node, topics } = session;
    const at = now();
    const head = { kind: "worker" as const, at, uptimeS: Math.max(0, at - this.#startedAt) / 1000 };
    const stats: Stats = {
      ...head,
      counters: { ...tally.counters, invalidMessages: session.invalidMessages },
      drops: tally.failures,
      queues: { ...tally.lengths, publish: session.pending },
    };
    const energy: NodeEnergy = { ...head, computeJ: meter.totalJ, uplinkJ: 0, source: meter.source };
    await session.publish(topics.stats, { site, node }, stats);
    await session.publish(topics.energy, { site, node }, energy);
  }
}
