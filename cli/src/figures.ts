import type { Exit, RefusalVerdict, Verdict } from "@meanet/protocol";

/** The final verdict of one frame, as seen from outside. */
export interface FrameResult {
  readonly verdict: Verdict;
  readonly latencyMs: number;
  /** Undefined when nobody told the true class. */
  readonly correct: boolean | undefined;
}

type RefusalReason = RefusalVerdict["reason"];

interface Refusals {
  readonly frames: number;
  readonly detail: string;
}

export interface Summary {
  /** Frames published; `verdicts + refused + dropped`. */
  readonly frames: number;
  /** Frames that ended in an answer. */
  readonly verdicts: number;
  /** Frames that ended in a refusal that names its reason. */
  readonly refused: number;
  /** Refused frames by reason, each with the words of the first. */
  readonly refusals: Readonly<Partial<Record<RefusalReason, Refusals>>>;
  /** Frames that ended in neither. */
  readonly dropped: number;
  /** Share of right answers among those whose true class is known; null when none is. */
  readonly accuracy: number | null;
  readonly exits: Readonly<Record<Exit, number>>;
  /** From publication to the final verdict; null before the first. */
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
  /** `total` is what the edge pays: compute and uplink; the cloud's joules stand in the verdicts. */
  readonly energyJ: {
    readonly edge: number;
    readonly uplink: number;
    readonly total: number;
    readonly perFrame: number | null;
  };
  readonly uplinkBytes: number;
}

/** Latencies kept for the percentiles: exact up to so many frames, then of the latest. */
const LATENCIES_KEPT = 100_000;

/** Adds up what becomes of frames. */
export class Figures {
  readonly #latencies = new RecentNumbers(LATENCIES_KEPT);
  readonly #exits: Record<Exit, number> = { main: 0, extension: 0, cloud: 0 };
  readonly #refusals = new Map<RefusalReason, Refusals>();
  #refused = 0;
  #dropped = 0;
  #known = 0;
  #right = 0;
  #edgeJ = 0;
  #uplinkJ = 0;
  #uplinkBytes = 0;

  /** Frames that have come to their end. */
  get frames(): number {
    return this.#verdicts + this.#refused + this.#dropped;
  }

  /** Takes one final verdict. */
  add({ verdict, latencyMs, correct }: FrameResult): void {
    if (verdict.outcome === "refused") {
      const { reason } = verdict;
      const { frames, detail } = this.#refusals.get(reason) ?? { frames: 0, detail: verdict.detail };
      this.#refusals.set(reason, { frames: frames + 1, detail });
      this.#refused += 1;
      return;
    }
    this.#latencies.add(latencyMs);
    this.#exits[verdict.exit] += 1;
    this.#edgeJ += verdict.energy.mainJ + verdict.energy.extensionJ;
    this.#uplinkJ += verdict.energy.uplinkJ;
    this.#uplinkBytes += verdict.uplinkBytes;
    if (correct === undefined) return;
    this.#known += 1;
    if (correct) this.#right += 1;
  }

  /** A frame that got neither answer nor refusal in time. */
  addDropped(): void {
    this.#dropped += 1;
  }

  summary(): Summary {
    const totalJ = this.#edgeJ + this.#uplinkJ;
    return {
      frames: this.frames,
      verdicts: this.#verdicts,
      refused: this.#refused,
      refusals: Object.fromEntries(this.#refusals),
      dropped: this.#dropped,
      accuracy: this.#known === 0 ? null : this.#right / this.#known,
      exits: { ...this.#exits },
      latencyMs: { p50: this.#latencies.percentile(50), p99: this.#latencies.percentile(99) },
      energyJ: {
        edge: this.#edgeJ,
        uplink: this.#uplinkJ,
        total: totalJ,
        perFrame: this.#verdicts === 0 ? null : totalJ / this.#verdicts,
      },
      uplinkBytes: this.#uplinkBytes,
    };
  }

  get #verdicts(): number {
    return this.#exits.main + this.#exits.extension + this.#exits.cloud;
  }
}

/** The latest `capacity` numbers of a row. */
export class RecentNumbers {
  readonly #values: Float64Array;
  #count = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  add(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
  }

  /** Nearest rank: the least value that `p` percent of all do not exceed; null when there is none. */
  percentile(p: number): number | null {
    const kept = Math.min(this.#count, this.#values.length);
    if (kept === 0) return null;
    const sorted = this.#values.slice(0, kept).sort();
    return sorted[Math.max(0, Math.ceil((p / 100) * kept) - 1)]!;
  }
}
