/** Latencies kept: enough that a hundredth of them is ten. */
const KEPT = 1024;
const PERCENT = 99;

/**
 * A uniform sample of latencies, however many there are (reservoir sampling).
 *
 * @see Vitter 1985, algorithm R
 */
export class LatencySample {
  readonly #random: () => number;
  readonly #keptMs: number[] = [];
  #seen = 0;

  /** @param random - in [0, 1) */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  observe(latencyMs: number): void {
    this.#seen += 1;
    const at = this.#seen <= KEPT ? this.#keptMs.length : Math.floor(this.#random() * this.#seen);
    if (at < KEPT) this.#keptMs[at] = latencyMs;
  }

  /** Nearest-rank 99th percentile of those kept; undefined when there are none. */
  get p99Ms(): number | undefined {
    const sorted = this.#keptMs.toSorted((a, b) => a - b);
    return sorted[Math.ceil((sorted.length * PERCENT) / 100) - 1];
  }
}
