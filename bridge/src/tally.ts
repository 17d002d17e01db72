import { createMetrics, exposeCount, exposeCounts, type Registry } from "@meanet/runtime";

/** What is counted, and how Prometheus calls it. */
const counters = {
  messages: ["messages_total", "messages of nodes and devices heard"],
  published: ["published_total", "messages published in other conventions"],
  births: [
    "births_total",
    "times another ecosystem was told everything again: Home Assistant has started, a Sparkplug host asked",
  ],
  written: ["written_settings_total", "settings that others wrote, passed on to edge nodes"],
} as const satisfies Record<string, readonly [name: string, help: string]>;
type CounterName = keyof typeof counters;
const counterNames = Object.keys(counters) as CounterName[];
const dropNames = ["beyond-limit", "unpublished", "write-refused"] as const;
type DropName = (typeof dropNames)[number];

/** Counts since the start of the process, for the stats topic and for Prometheus alike. */
export class Tally {
  readonly registry: Registry = createMetrics("bridge");
  readonly #counters = new Map<CounterName, number>(counterNames.map((name) => [name, 0]));
  readonly #drops = new Map<DropName, number>(dropNames.map((name) => [name, 0]));

  constructor() {
    for (const name of counterNames) {
      const [metric, help] = counters[name];
      const read = () => this.#counters.get(name)!;
      exposeCount(this.registry, { name: `meanet_bridge_${metric}`, help }, read);
    }
    exposeCounts(
      this.registry,
      { name: "meanet_bridge_dropped_total", help: "what was not passed on, by reason", label: "reason" },
      () => this.drops,
    );
  }

  get counters(): Record<string, number> {
    return Object.fromEntries(this.#counters);
  }

  get drops(): Record<string, number> {
    return Object.fromEntries(this.#drops);
  }

  count(name: CounterName): void {
    this.#counters.set(name, this.#counters.get(name)! + 1);
  }

  drop(name: DropName, by = 1): void {
    this.#drops.set(name, this.#drops.get(name)! + by);
  }
}
