import { firstIndex } from "../first-index.ts";

/** A judged answer. */
export interface Sample {
  /** Of main's softmax, nats. */
  readonly entropy: number;
  /** 1 or 0. */
  readonly right: number;
}

export interface Near {
  /** Share of the samples nearby that are right. */
  readonly accuracy: number;
  /** Whether the entropy lies outside all samples: the estimate is then extrapolated from the nearest. */
  readonly outside: boolean;
}

/** Samples that an estimate rests on, where there are as many. */
const NEIGHBOURS = 100;
/** Fewer judged answers than this say nothing. */
const FEWEST = 10;

/**
 * How often answers to frames of about one entropy are right: the mean over the hundred judged frames nearest in the order of entropies.
 */
export class AccuracyNear {
  readonly #entropies: Float64Array;
  /** Right answers among the first n. */
  readonly #right: Float64Array;

  constructor(samples: readonly Sample[]) {
    const sorted = samples.toSorted((a, b) => a.entropy - b.entropy);
    this.#entropies = Float64Array.from(sorted, ({ entropy }) => entropy);
    this.#right = new Float64Array(sorted.length + 1);
    for (const [index, { right }] of sorted.entries()) this.#right[index + 1] = this.#right[index]! + right;
  }

  /** Undefined when too few are judged. */
  at(entropy: number): Near | undefined {
    const { length } = this.#entropies;
    if (length < FEWEST) return undefined;
    const count = Math.min(NEIGHBOURS, length);
    const nearest = firstIndex(length, (index) => this.#entropies[index]! >= entropy);
    const from = Math.max(0, Math.min(nearest - (count >> 1), length - count));
    return {
      accuracy: (this.#right[from + count]! - this.#right[from]!) / count,
      outside: entropy < this.#entropies[0]! || entropy > this.#entropies[length - 1]!,
    };
  }
}
