import { firstIndex } from "../first-index.ts";

/** Whole numbers from `from` to `to`, both included. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/** How many numbers lie in these ranges, which do not overlap. */
export function countIn(ranges: readonly SeqRange[]): number {
  return ranges.reduce((count, { from, to }) => count + to - from + 1, 0);
}

/**
 * The rows of a journal that need not be asked for any more, as disjoint ranges in rising order.
 *
 * A journal that arrived in order is one range, whatever its length; every hole adds one.
 */
export class SeqSet {
  readonly #ranges: { from: number; to: number }[] = [];

  /** Reads what `toString` wrote: `1-500,502-502`. */
  static parse(text: string): SeqSet {
    const set = new SeqSet();
    for (const part of text.split(",").filter(Boolean)) {
      const [from, to] = part.split("-").map(Number);
      set.#ranges.push({ from: from!, to: to! });
    }
    return set;
  }

  toString(): string {
    return this.#ranges.map(({ from, to }) => `${from}-${to}`).join(",");
  }

  get highest(): number {
    return this.#ranges.at(-1)?.to ?? 0;
  }

  get rangeCount(): number {
    return this.#ranges.length;
  }

  has(seq: number): boolean {
    const range = this.#ranges[this.#firstEndingAt(seq)];
    return range !== undefined && range.from <= seq;
  }

  /** @returns false when it was there already */
  add(seq: number): boolean {
    if (this.has(seq)) return false;
    this.addRange({ from: seq, to: seq });
    return true;
  }

  addRange({ from, to }: SeqRange): void {
    // Neighbours count as touching, so that 1-4 and 5-5 become 1-5.
    const start = this.#firstEndingAt(from - 1);
    let end = start;
    let merged = { from, to };
    for (
      let range = this.#ranges[end];
      range !== undefined && range.from <= to + 1;
      range = this.#ranges[++end]
    ) {
      merged = { from: Math.min(merged.from, range.from), to: Math.max(merged.to, range.to) };
    }
    this.#ranges.splice(start, end - start, merged);
  }

  /** What is missing from 1 to `last`, in rising order. */
  holes(last: number): SeqRange[] {
    const holes: SeqRange[] = [];
    let next = 1;
    for (const { from, to } of this.#ranges) {
      if (next > last) break;
      if (from > next) holes.push({ from: next, to: Math.min(from - 1, last) });
      next = to + 1;
    }
    if (next <= last) holes.push({ from: next, to: last });
    return holes;
  }

  /** Index of the first range that ends at `seq` or later. */
  #firstEndingAt(seq: number): number {
    return firstIndex(this.#ranges.length, (index) => this.#ranges[index]!.to >= seq);
  }
}
