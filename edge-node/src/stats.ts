import type { NodeEnergy, Stats } from "@meanet/protocol";
import type { MqttSession } from "@meanet/session";
import type { ComputeMeter } from "./compute-meter.ts";
import type { Journal } from "./journal.ts";
import type { Tally } from "./tally.ts";

export interface StatsOptions {
  readonly session: MqttSession;
  readonly journal: Journal;
  readonly tally: Tally;
  readonly meter: ComputeMeter;
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
    this.#timer = setInterval(() => this.#publish(), options.intervalMs);
    this.#unlisten = options.session.onConnected((connected) => {
      if (connected) this.#publish();
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unlisten();
    await this.publish();
  }

  async publish(): Promise<void> {
    const { session } = this.#options;
    const { site, node, topics } = session;
    await session.publish(topics.stats, { site, node }, this.stats());
    await session.publish(topics.energy, { site, node }, this.energy());
  }

  stats(): Stats {
    const { journal, tally, session } = this.#options;
    return {
      ...this.#head(),
      counters: { ...tally.counters, invalidMessages: session.invalidMessages },
      drops: tally.drops,
      queues: { ...tally.lengths, publish: session.pending },
      exits: tally.exits,
      journal: { journal: journal.name, lastSeq: journal.lastSeq },
    };
  }

  energy(): NodeEnergy {
    const { meter, tally } = this.#options;
    return { ...this.#head(), computeJ: meter.totalJ, uplinkJ: tally.uplinkJ, source: meter.source };
  }

  #head() {
    const at = this.#options.now();
    return { kind: "edge" as const, at, uptimeS: Math.max(0, at - this.#startedAt) / 1000 };
  }

  #publish(): void {
    this.publish().catch(this.#options.onError);
  }
}
