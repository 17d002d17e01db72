import { createMetrics, exposeCounts, exposeQueues, type Registry } from "@meanet/runtime";
import type { Written } from "./store/store.ts";

const counterNames = [
  "verdicts",
  "duplicates",
  "labels",
  "replayRequests",
  "influxPoints",
  "expired",
  "queries",
] as const;
const dropNames = [
  ...["intake-full", "row-refused", "misaddressed", "invalid", "journal-limit", "influx-refused"],
  ...["expired-unforwarded", "gap-lost"],
] as const;
type CounterName = (typeof counterNames)[number];
type DropName = (typeof dropNames)[number];

/** Read when they are shown, where another part of the recorder counts. */
export interface Sources {
  readonly counters: () => Partial<Record<CounterName, number>>;
  readonly drops: () => Partial<Record<DropName, number>>;
  readonly queues: () => Readonly<Record<string, number>>;
}

/** What the recorder did since its start: for its stats on MQTT, and as metrics. */
export class Tally {
  readonly registry: Registry = createMetrics("recorder");
  readonly #counters = new Map<CounterName, number>();
  readonly #drops = new Map<DropName, number>();
  #sources: Sources | undefined;

  constructor() {
    exposeCounts(
      this.registry,
      { name: "meanet_recorder_total", help: "what the recorder did since its start", label: "event" },
      () => this.counters,
    );
    exposeCounts(
      this.registry,
      {
        name: "meanet_recorder_dropped_total",
        help: "what was lost or left out, by reason",
        label: "reason",
      },
      () => this.drops,
    );
    const queues = { name: "meanet_recorder_waiting", help: "what waits now, by queue" };
    exposeQueues(this.registry, queues, () => this.queues);
  }

  /** To be called once the parts exist. */
  readFrom(sources: Sources): void {
    this.#sources = sources;
  }

  count(name: CounterName, by = 1): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
  }

  drop(name: DropName, by = 1): void {
    this.#drops.set(name, (this.#drops.get(name) ?? 0) + by);
  }

  written({ verdicts, duplicates, labels, refused }: Written): void {
    this.count("verdicts", verdicts);
    this.count("duplicates", duplicates);
    this.count("labels", labels);
    this.drop("journal-limit", refused);
  }

  get counters(): Record<string, number> {
    const zero = Object.fromEntries(counterNames.map((name) => [name, 0]));
    return { ...zero, ...Object.fromEntries(this.#counters), ...this.#sources?.counters() };
  }

  get drops(): Record<string, number> {
    const zero = Object.fromEntries(dropNames.map((name) => [name, 0]));
    return { ...zero, ...Object.fromEntries(this.#drops), ...this.#sources?.drops() };
  }

  get queues(): Record<string, number> {
    return { ...this.#sources?.queues() };
  }
}
