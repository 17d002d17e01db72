/** Latencies kept: of a thousand and more, the hundredth part is ten and more. */
const KEPT = 1024;
const PERCENT = 99;

/**
 * Latencies of a while, however long: of more than it keeps, each is as likely to be among those kept as any other.
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

  /** The least latency that 99 % of those kept do not exceed; undefined of none. */
  get p99Ms(): number | undefined {
    const sorted = this.#keptMs.toSorted((a, b) => a - b);
    return sorted[Math.ceil((sorted.length * PERCENT) / 100) - 1];
  }
}
