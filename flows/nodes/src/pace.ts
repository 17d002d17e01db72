const WINDOW_S = 10;

/** How often things of several kinds happened within the last ten seconds. */
export class Pace<Kind extends string> {
  /** Counts by kind, of one second each. */
  readonly #seconds = new Map<number, Map<Kind, number>>();
  readonly #now: () => number;

  /** @param now - milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(kind: Kind): void {
    const second = this.#currentSecond();
    this.#forget(second);
    const counts = this.#seconds.get(second) ?? new Map<Kind, number>();
    this.#seconds.set(second, counts);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }

  /** Counts by kind, of the last ten seconds. */
  get counts(): ReadonlyMap<Kind, number> {
    this.#forget(this.#currentSecond());
    const sums = new Map<Kind, number>();
    for (const counts of this.#seconds.values()) {
      for (const [kind, count] of counts) sums.set(kind, (sums.get(kind) ?? 0) + count);
    }
    return sums;
  }

  get total(): number {
    return this.counts.values().reduce((sum, count) => sum + count, 0);
  }

  get perSecond(): number {
    return this.total / WINDOW_S;
  }

  #currentSecond(): number {
    return Math.floor(this.#now() / 1_000);
  }

  #forget(current: number): void {
    for (const second of this.#seconds.keys()) {
      if (second <= current - WINDOW_S) this.#seconds.delete(second);
    }
  }
}
