import {
  Counter,
  createMetrics,
  exposeCounts,
  exposeQueues,
  Histogram,
  type Registry,
} from "@meanet/runtime";
import type { Settled } from "./stages.ts";

/** What waits or works now. */
export interface Lengths {
  readonly waiting: number;
  readonly working: number;
}

const counterNames = [
  "items",
  "answered",
  "failed",
  "copies",
  "batches",
  "unpublished",
  "misaddressed",
  "engineEvents",
] as const;
type CounterName = (typeof counterNames)[number];

/** Counts since the start of the process, for the stats topic and for Prometheus alike. */
export class Tally {
  readonly registry: Registry = createMetrics("worker");
  readonly #lengths = new Map<string, Lengths>();
  readonly #counters = new Map<CounterName, number>(counterNames.map((name) => [name, 0]));
  readonly #failures = new Map<string, number>();
  readonly #queueS: Histogram;
  readonly #batchS: Histogram;
  readonly #batchItems: Histogram;

  constructor(computeJ: () => number) {
    const registers = [this.registry];
    exposeCounts(
      this.registry,
      {
        name: "meanet_worker_events_total",
        help: "complex items and batches by what became of them",
        label: "event",
      },
      () => this.counters,
    );
    exposeCounts(
      this.registry,
      {
        name: "meanet_worker_failures_total",
        help: "items answered as failed, by error code",
        label: "code",
      },
      () => this.failures,
    );
    const queues = { name: "meanet_worker_queue_length", help: "items that wait or work now" };
    exposeQueues(this.registry, queues, () => ({ ...this.lengths }));
    new Counter({
      name: "meanet_worker_joules_total",
      help: "joules of all batches",
      registers,
      collect() {
        this.reset();
        this.inc(computeJ());
      },
    });
    const buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
    this.#queueS = new Histogram({
      name: "meanet_worker_queue_seconds",
      help: "from arrival of an answered item to the start of its batch",
      buckets,
      registers,
    });
    this.#batchS = new Histogram({
      name: "meanet_worker_batch_seconds",
      help: "engine time of a batch",
      buckets,
      registers,
    });
    this.#batchItems = new Histogram({
      name: "meanet_worker_batch_items",
      help: "items of a batch",
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    });
  }

  get counters(): Record<string, number> {
    return Object.fromEntries(this.#counters);
  }

  /** Items answered as failed, by code. */
  get failures(): Record<string, number> {
    return Object.fromEntries(this.#failures);
  }

  /** Of all bundles together. */
  get lengths(): Lengths {
    const sum = { waiting: 0, working: 0 };
    for (const { waiting, working } of this.#lengths.values()) {
      sum.waiting += waiting;
      sum.working += working;
    }
    return sum;
  }

  /** What waits or works of one bundle has changed. */
  observeLengths(model: string, lengths: Lengths): void {
    this.#lengths.set(model, lengths);
  }

  count(name: CounterName): void {
    this.#counters.set(name, this.#counters.get(name)! + 1);
  }

  observeBatch(items: number, computeMs: number): void {
    this.count("batches");
    this.#batchItems.observe(items);
    this.#batchS.observe(computeMs / 1000);
  }

  observe(settled: Settled): void {
    this.count(settled.stage);
    if (settled.stage === "answered") this.#queueS.observe(settled.queueMs / 1000);
    else this.#failures.set(settled.code, (this.#failures.get(settled.code) ?? 0) + 1);
  }
}
