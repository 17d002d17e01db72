import {
  createMetrics,
  exposeCount,
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

/** What is counted, and how Prometheus calls it; the others stand there with a label or as the count of a histogram. */
const counters = {
  items: ["items_total", "complex items that arrived, copies included"],
  answered: undefined,
  failed: undefined,
  copies: ["copied_items_total", "items that came again while they were worked on"],
  batches: undefined,
  unpublished: ["unpublished_answers_total", "answers that could not be published"],
  misaddressed: [
    "misaddressed_items_total",
    "items whose payload names another site or edge than their topic",
  ],
  engineFallbacks: [
    "engine_fallbacks_total",
    "engines that opened on another provider than the first one wished for",
  ],
  engineCrashes: ["engine_crashes_total", "engines that died or did not come up again; each is restarted"],
} as const satisfies Record<string, readonly [name: string, help: string] | undefined>;
type CounterName = keyof typeof counters;
const counterNames = Object.keys(counters) as CounterName[];

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
    for (const name of counterNames) {
      const [metric, help] = counters[name] ?? [];
      if (metric === undefined || help === undefined) continue;
      exposeCount(this.registry, { name: `meanet_worker_${metric}`, help }, () => this.#counters.get(name)!);
    }
    exposeCounts(
      this.registry,
      { name: "meanet_worker_answers_total", help: "items answered, by outcome", label: "outcome" },
      () => ({ answered: this.#counters.get("answered")!, failed: this.#counters.get("failed")! }),
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
    const joules = { name: "meanet_worker_energy_joules_total", help: "joules of computing, all batches" };
    exposeCount(this.registry, joules, computeJ);
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
