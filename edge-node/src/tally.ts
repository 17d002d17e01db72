import {
  type AnswerVerdict,
  type CloudOutcome,
  cloudOutcomes,
  type Exit,
  type Route,
  refusalReasons,
  routes,
  type Verdict,
} from "@meanet/protocol";
import {
  createMetrics,
  exposeCount,
  exposeCounts,
  exposeQueues,
  Histogram,
  type Registry,
} from "@meanet/runtime";
import type { InputKind } from "./input-kind.ts";
import type { Lengths, Outcome } from "./pipeline.ts";

/** What is counted, and its name in Prometheus; undefined for what is there the sum of a metric with labels. */
const counters = {
  frames: ["frames_total", "pictures and windows that arrived"],
  verdicts: undefined,
  provisional: ["provisional_verdicts_total", "the edge's own answers, given while the cloud is asked"],
  recognised: ["recognised_frames_total", "frames that came again and were not computed again"],
  asked: ["complex_publications_total", "publications of complex items, repetitions included"],
  replayed: ["replayed_verdicts_total", "verdicts published again because a recorder missed them"],
  unpublished: ["unpublished_verdicts_total", "verdicts that stayed in the journal: publishing failed"],
  unrecorded: [
    "unrecorded_frames_total",
    "frames given up because the journal failed; those of QoS 1 come again",
  ],
  journalFailures: [
    "journal_failures_total",
    "transactions of the journal that failed; what they held waits and is tried again",
  ],
  engineFallbacks: [
    "engine_fallbacks_total",
    "engines that opened on another provider than the first one wished for",
  ],
  engineCrashes: ["engine_crashes_total", "engines that died or did not come up again; each is restarted"],
  thumbnails: ["thumbnails_total", "thumbnails published"],
  thumbnailBytes: ["thumbnail_bytes_total", "bytes of thumbnails published"],
  thumbnailsLeftOut: [
    "thumbnails_left_out_total",
    "frames chosen for a thumbnail that got none: too many waited, no picture could be made, or it did not leave",
  ],
} as const satisfies Record<string, readonly [name: string, help: string] | undefined>;
type CounterName = keyof typeof counters;
const counterNames = Object.keys(counters) as CounterName[];

type Offload = Exclude<CloudOutcome, "none" | "pending">;
const offloads = cloudOutcomes.filter((outcome) => outcome !== "none" && outcome !== "pending");

/** Reasons for drops that are not refusals. */
const silentDrops = ["overload-qos0", "stopping"];

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

/** Counts since the start of the process, for the stats topic and for Prometheus alike. */
export class Tally {
  readonly registry: Registry = createMetrics("edge");
  readonly #lengths = new Map<InputKind, Lengths>();
  readonly #counters: Record<CounterName, number> = zeros(counterNames);
  readonly #drops = new Map<string, number>();
  readonly #exits: Record<Exit, number> = { main: 0, extension: 0, cloud: 0 };
  readonly #routes: Record<Route, number> = zeros(routes);
  readonly #offloads: Record<Offload, number> = zeros(offloads);
  readonly #comparisons = { same: 0, different: 0 };
  readonly #answerJ = { main: 0, extension: 0, uplink: 0, cloud: 0 };
  readonly #models = new Map<string, number>();
  readonly #latency: Histogram<"exit">;
  #uplinkJ = 0;
  #thumbnailJ = 0;
  #uplinkBytes = 0;

  constructor(computeJ: () => number) {
    for (const name of counterNames) {
      const [metric, help] = counters[name] ?? [];
      if (metric === undefined || help === undefined) continue;
      exposeCount(this.registry, { name: `meanet_edge_${metric}`, help }, () => this.#counters[name]);
    }
    this.#expose("verdicts", "exit", "final answers, by the exit that gave them", () => this.#exits);
    this.#expose(
      "routed_frames",
      "route",
      "frames with a final answer, by what routing made of them",
      () => this.#routes,
    );
    this.#expose(
      "offloads",
      "outcome",
      "complex frames, by how the cloud took part; late: the deadline passed before it answered",
      () => this.#offloads,
    );
    this.#expose(
      "compared_answers",
      "agreement",
      "answers of the cloud, by whether the edge would have said the same",
      () => this.#comparisons,
    );
    this.#expose("dropped_frames", "reason", "frames refused or dropped, by reason", () => ({
      ...zeros([...refusalReasons, ...silentDrops]),
      ...this.drops,
    }));
    this.#expose("energy_joules", "part", "joules the node used for whatever it did, by part", () => ({
      compute: computeJ(),
      uplink: this.#uplinkJ,
      thumbnails: this.#thumbnailJ,
    }));
    this.#expose(
      "answer_energy_joules",
      "part",
      "joules that final answers were charged with, by part; cloud is not used at the edge",
      () => this.#answerJ,
    );
    const bytes = { name: "meanet_edge_uplink_bytes_total", help: "bytes of complex items published" };
    exposeCount(this.registry, bytes, () => this.#uplinkBytes);
    const queues = {
      name: "meanet_edge_queue_length",
      help: "frames that wait or are worked on now, by queue; cloud: those that wait for its answer",
    };
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
    return { ...this.#counters };
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

  /** Answers of the bundles in force, by name and version; counts of others are forgotten, so that there are never many. */
  answersOf(names: readonly string[]): Record<string, number> {
    for (const name of this.#models.keys()) if (!names.includes(name)) this.#models.delete(name);
    return Object.fromEntries(names.map((name) => [name, this.#models.get(name) ?? 0]));
  }

  count(name: CounterName, by = 1): void {
    this.#counters[name] += by;
  }

  /** A complex frame was published. */
  asked(bytes: number, joules: number): void {
    this.count("asked");
    this.#uplinkBytes += bytes;
    this.#uplinkJ += joules;
  }

  /** A thumbnail was published. */
  pictured(bytes: number, joules: number): void {
    this.count("thumbnails");
    this.count("thumbnailBytes", bytes);
    this.#thumbnailJ += joules;
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
        this.count(outcome.final ? "unrecorded" : "journalFailures");
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
    this.#observeAnswer(verdict);
  }

  #observeAnswer(verdict: AnswerVerdict): void {
    const { cloud, edgeAnswer, energy } = verdict;
    this.#exits[verdict.exit] += 1;
    this.#routes[verdict.route] += 1;
    if (cloud !== "none" && cloud !== "pending") this.#offloads[cloud] += 1;
    if (cloud === "answered" && edgeAnswer !== undefined)
      this.#comparisons[edgeAnswer.classIndex === verdict.classIndex ? "same" : "different"] += 1;
    this.#answerJ.main += energy.mainJ;
    this.#answerJ.extension += energy.extensionJ;
    this.#answerJ.uplink += energy.uplinkJ;
    this.#answerJ.cloud += energy.cloudJ;
    this.#models.set(verdict.model, (this.#models.get(verdict.model) ?? 0) + 1);
    this.#latency.observe({ exit: verdict.exit }, verdict.latencyMs / 1000);
  }

  /** A frame was refused or lost. */
  drop(reason: string): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }
}
