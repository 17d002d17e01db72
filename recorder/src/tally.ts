import { createMetrics, exposeCount, exposeCounts, exposeQueues, type Registry } from "@meanet/runtime";
import type { Written } from "./store/store.ts";

/** What is counted, and its name in Prometheus. */
const counters = {
  verdicts: ["verdicts_total", "verdicts stored"],
  duplicates: ["duplicate_verdicts_total", "verdicts that came again and were stored before"],
  labels: ["labels_total", "true classes stored"],
  replayRequests: ["replay_requests_total", "requests to edge nodes for verdicts that are missing"],
  influxPoints: ["influx_points_total", "points that InfluxDB took"],
  expired: ["expired_rows_total", "rows deleted by age or size"],
  queries: ["queries_total", "named queries asked over HTTP"],
  thumbnails: ["thumbnails_total", "thumbnails stored"],
  thumbnailsExpired: ["expired_thumbnails_total", "thumbnails deleted by age, number or size"],
} as const satisfies Record<string, readonly [name: string, help: string]>;
type CounterName = keyof typeof counters;
const counterNames = Object.keys(counters) as CounterName[];
const dropNames = [
  "intake-full",
  "row-refused",
  "misaddressed",
  "invalid",
  "journal-limit",
  "influx-refused",
  "expired-unforwarded",
  "gap-lost",
  "thumbnail-refused",
  "thumbnail-lost",
] as const;
type DropName = (typeof dropNames)[number];

/** Counts that other parts of the recorder keep, read when they are shown. */
export interface Sources {
  readonly counters: () => Partial<Record<CounterName, number>>;
  readonly drops: () => Partial<Record<DropName, number>>;
  readonly queues: () => Readonly<Record<string, number>>;
}

/** What the recorder has done since its start, for its stats on MQTT and for Prometheus. */
export class Tally {
  readonly registry: Registry = createMetrics("recorder");
  readonly #counters = new Map<CounterName, number>();
  readonly #drops = new Map<DropName, number>();
  #sources: Sources | undefined;

  constructor() {
    for (const name of counterNames) {
      const [metric, help] = counters[name];
      exposeCount(this.registry, { name: `meanet_recorder_${metric}`, help }, () => this.counters[name]!);
    }
    const dropped = {
      name: "meanet_recorder_dropped_records_total",
      help: "messages, rows and points that were lost or left out, by reason",
      label: "reason",
    };
    exposeCounts(this.registry, dropped, () => this.drops);
    const queues = {
      name: "meanet_recorder_queue_length",
      help: "what waits now, by queue; intake: messages, gaps: journals, influx: rows",
    };
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
