import { topicsUnder } from "@meanet/protocol";
import type { Aedes } from "aedes";
import packageJson from "../package.json" with { type: "json" };
import type { BrokerConfig } from "./config.ts";
import type { BrokerCounters } from "./counters.ts";

/** The broker's own status and stats, retained under its node name like any node's. */
export class Announcements {
  readonly #broker: Aedes;
  readonly #config: BrokerConfig;
  readonly #counters: BrokerCounters;
  readonly #since = Date.now();
  /** On the steady clock: the recorder takes an uptime that goes down for a restart. */
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(broker: Aedes, config: BrokerConfig, counters: BrokerCounters) {
    this.#broker = broker;
    this.#config = config;
    this.#counters = counters;
  }

  async start(): Promise<void> {
    await this.#status("online");
    await this.#stats();
    this.#timer = setInterval(() => void this.#stats(), this.#config.statsInterval);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#stats();
    await this.#status("stopped");
  }

  #status(state: "online" | "stopped"): Promise<void> {
    const { node, site, topicPrefix } = this.#config;
    const { status } = topicsUnder(topicPrefix);
    const value = {
      state,
      kind: "broker" as const,
      version: packageJson.version,
      models: [],
      since: this.#since,
    };
    return this.#publish(status.format({ site, node }), status.encode(value), 1);
  }

  #stats(): Promise<void> {
    const { node, site, topicPrefix } = this.#config;
    const { stats } = topicsUnder(topicPrefix);
    const value = {
      kind: "broker" as const,
      at: Date.now(),
      uptimeS: (performance.now() - this.#startedAt) / 1000,
      since: this.#since,
      memoryBytes: process.memoryUsage.rss(),
      counters: this.#counters.counters,
      drops: this.#counters.drops,
      queues: { ...this.#counters.levels },
    };
    return this.#publish(stats.format({ site, node }), stats.encode(value), 0);
  }

  #publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<void> {
    return new Promise((resolve) => {
      // Fails only when the broker is closed already.
      const packet = {
        cmd: "publish" as const,
        topic,
        payload: Buffer.from(payload),
        qos,
        retain: true,
        dup: false,
      };
      this.#broker.publish(packet, () => resolve());
    });
  }
}
