import type { Exit, Verdict } from "@meanet/protocol";
import { createMetrics, exposeCounts, exposeQueues, Histogram, type Registry } from "@meanet/runtime";
import type { InputKind } from "./input-kind.ts";
import type { Outcome } from "./pipeline.ts";

/** What waits or works now. */
export interface Lengths {
  readonly waiting: number;
  readonly working: number;
  readonly cloud: number;
}

const counters = [
  "frames",
  "verdicts",
  "provisional",
  "recognised",
  "asked",
  "replayed",
  "unpublished",
  "unrecorded",
  "engineEvents",
  "thumbnails",
  "thumbnailBytes",
  "thumbnailsLeftOut",
] as const;
type CounterName = (typeof counters)[number];

/** Of a node that learns in service. */
export interface Learned {
  readonly counts: Readonly<Record<"trainings" | "accepted" | "refused" | "rolledBack" | "failed", number>>;
  readonly items: Readonly<Record<"label" | "cloud", number>>;
}

/** What a node learned, for the stats. */
export function learningCounters({ counts, items }: Learned): Record<string, number> {
  const { trainings, accepted, refused, rolledBack, failed } = counts;
  return {
    trainings,
    trainingsAccepted: accepted,
    trainingsRefused: refused,
    trainingsRolledBack: rolledBack,
    trainingsFailed: failed,
    itemsLabel: items.label,
    itemsCloud: items.cloud,
  };
}

/** Counts since the start of the process, for the stats topic and for Prometheus alike. */
export class Tally {
  readonly registry: Registry = createMetrics("edge");
  readonly #lengths = new Map<InputKind, Lengths>();
  readonly #counters = new Map<CounterName, number>(counters.map((name) => [name, 0]));
  readonly #drops = new Map<string, number>();
  readonly #exits: Record<Exit, number> = { main: 0, extension: 0, cloud: 0 };
  readonly #models = new Map<string, number>();
  readonly #latency: Histogram<"exit">;
  #uplinkJ = 0;
  #thumbnailJ = 0;

  constructor(computeJ: () => number) {
    this.#expose("events", "event", "frames and verdicts by what became of them", () => this.counters);
    this.#expose("verdicts", "exit", "final answers by exit", () => this.#exits);
    this.#expose("drops", "reason", "frames refused or dropped, by reason", () => this.drops);
    this.#expose("joules", "part", "joules used, by part", () => ({
      compute: computeJ(),
      uplink: this.#uplinkJ,
      thumbnails: this.#thumbnailJ,
    }));
    const queues = { name: "meanet_edge_queue_length", help: "what waits or works now" };
    exposeQueues(this.registry, queues, () => ({ ...this.lengths }));
    this.#latency = new Histogram({
      name: "meanet_edge_latency_seconds",
      help: "from arrival of a frame to its final answer, by exit",
      labelNames: ["exit"] as const,
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
      registers: [this.registry],
    });
  }

  /** Joules of the radio since the start, counted by publication. */
  get uplinkJ(): number {
    return this.#uplinkJ;
  }

  /** Joules of the radio for thumbnails; not among {@link uplinkJ}, which is that of the frames. */
  get thumbnailJ(): number {
    return this.#thumbnailJ;
  }

  get counters(): Record<string, number> {
    return Object.fromEntries(this.#counters);
  }

  get drops(): Record<string, number> {
    return Object.fromEntries(this.#drops);
  }

  get exits(): Record<Exit, number> {
    return { ...this.#exits };
  }

  /** Of all kinds of input together. */
  get lengths(): Lengths {
    const sum = { waiting: 0, working: 0, cloud: 0 };
    for (const { waiting, working, cloud } of this.#lengths.values()) {
      sum.waiting += waiting;
      sum.working += working;
      sum.cloud += cloud;
    }
    return sum;
  }

  /** What waits or works of one kind of input has changed. */
  observeLengths(kind: InputKind, changed: Partial<Lengths>): void {
    const before = this.#lengths.get(kind) ?? { waiting: 0, working: 0, cloud: 0 };
    this.#lengths.set(kind, { ...before, ...changed });
  }

  /** Answers of the bundles in force, by name and version; those of others are forgotten, so that their number stays small. */
  answersOf(names: readonly string[]): Record<string, number> {
    for (const name of this.#models.keys()) if (!names.includes(name)) this.#models.delete(name);
    return Object.fromEntries(names.map((name) => [name, this.#models.get(name) ?? 0]));
  }

  count(name: CounterName, by = 1): void {
    this.#counters.set(name, this.#counters.get(name)! + by);
  }

  /** A complex frame was published. */
  asked(joules: number): void {
    this.count("asked");
    this.#uplinkJ += joules;
  }

  /** A thumbnail was published. */
  pictured(bytes: number, joules: number): void {
    this.count("thumbnails");
    this.count("thumbnailBytes", bytes);
    this.#thumbnailJ += joules;
  }

  /** What a node learned, for Prometheus. */
  exposeLearning(learning: Learned): void {
    this.#expose("trainings", "event", "trainings in service by what became of them", () => ({
      ...learning.counts,
    }));
    const items = { name: "meanet_edge_learning_items", help: "labelled items stored, by source" };
    exposeQueues(this.registry, items, () => learning.items);
  }

  /** What became of a frame. */
  observe(outcome: Outcome): void {
    switch (outcome.stage) {
      case "recorded":
        this.#observeVerdict(outcome.verdict);
        return;
      case "known":
      case "twin":
        this.count("recognised");
        return;
      case "dropped":
        this.drop("overload-qos0");
        return;
      case "unrecorded":
        this.count("unrecorded");
    }
  }

  #expose(what: string, label: string, help: string, read: () => Readonly<Record<string, number>>): void {
    exposeCounts(this.registry, { name: `meanet_edge_${what}_total`, help, label }, read);
  }

  #observeVerdict(verdict: Verdict): void {
    if (!verdict.final) {
      this.count("provisional");
      return;
    }
    this.count("verdicts");
    if (verdict.outcome === "refused") {
      this.drop(verdict.reason);
      return;
    }
    this.#exits[verdict.exit] += 1;
    this.#models.set(verdict.model, (this.#models.get(verdict.model) ?? 0) + 1);
    this.#latency.observe({ exit: verdict.exit }, verdict.latencyMs / 1000);
  }

  /** A frame was refused or lost. */
  drop(reason: string): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }
}
