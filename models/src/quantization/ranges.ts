/** From the values that a tensor took to the range that its bytes shall cover. */
import type { Range } from "./affine.ts";
import type { RangeMethod } from "./variants.ts";

/** Counts of values between the least and the greatest, in bins of equal width. */
export interface Histogram extends Range {
  readonly counts: Float64Array;
}

export const BINS = 2048;
/** Narrowings that `entropy` tries, from the full range down to this share of it. */
const NARROWEST = 0.2;
const NARROWINGS = 128;
const LEVELS = 256;

export function rangeOf(histogram: Histogram, method: RangeMethod): Range {
  if (histogram.max <= histogram.min) return histogram;
  if (method === "min-max") return histogram;
  if (method === "entropy") return leastDivergence(histogram);
  return withoutTails(histogram, method === "percentile-99.99" ? 1e-4 : 1e-3);
}

function withoutTails({ min, max, counts }: Histogram, tail: number): Range {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const edge = (index: number) => min + ((max - min) * index) / counts.length;
  let low = 0;
  for (let seen = counts[0]!; seen <= tail * total; seen += counts[low]!) low++;
  let high = counts.length;
  for (let seen = counts[high - 1]!; seen <= tail * total; seen += counts[high - 1]!) high--;
  return { min: edge(low), max: edge(high) };
}

/** Narrows both ends toward zero by one factor; zero keeps its place, and an end at zero stays there. */
function leastDivergence({ min, max, counts: all }: Histogram): Range {
  const width = (max - min) / all.length;
  // Zeros are exact at any scale. A rectifier makes so many that they would outvote all else.
  const counts = all.slice();
  counts[Math.min(Math.max(Math.floor(-min / width), 0), counts.length - 1)] = 0;
  let best: Range = { min, max };
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step <= NARROWINGS; step++) {
    const factor = 1 - (step / NARROWINGS) * (1 - NARROWEST);
    const low = Math.round((Math.min(0, min) * factor - min) / width);
    const high = Math.round((Math.max(0, max) * factor - min) / width);
    const [from, to] = [Math.max(0, low), Math.min(counts.length, high)];
    if (to - from < LEVELS) continue;
    const divergence = divergenceOf(counts, from, to);
    if (divergence < least) {
      least = divergence;
      best = { min: min + from * width, max: min + to * width };
    }
  }
  return best;
}

/**
 * Kullback-Leibler divergence of the clipped distribution from what 256 levels keep of it, nats.
 *
 * @see Migacz 2017, "8-bit inference with TensorRT": values outside count as the outermost level; a level spreads over the bins
 * that hold anything
 */
function divergenceOf(counts: Float64Array, from: number, to: number): number {
  const clipped = counts.slice(from, to);
  const kept = clipped.slice();
  clipped[0]! += counts.subarray(0, from).reduce((sum, count) => sum + count, 0);
  clipped[clipped.length - 1]! += counts.subarray(to).reduce((sum, count) => sum + count, 0);
  const spread = new Float64Array(clipped.length);
  for (let level = 0; level < LEVELS; level++) {
    const start = Math.floor((level * clipped.length) / LEVELS);
    const end = Math.floor(((level + 1) * clipped.length) / LEVELS);
    let sum = 0;
    let filled = 0;
    for (let bin = start; bin < end; bin++) {
      sum += kept[bin]!;
      filled += clipped[bin]! > 0 ? 1 : 0;
    }
    for (let bin = start; bin < end; bin++) spread[bin] = clipped[bin]! > 0 ? sum / filled : 0;
  }
  const total = clipped.reduce((sum, count) => sum + count, 0);
  const spreadTotal = spread.reduce((sum, count) => sum + count, 0);
  let nats = 0;
  for (const [bin, count] of clipped.entries()) {
    if (count === 0) continue;
    // A bin that only outliers fill is lost by the levels: counted as one value, so that the sum stays finite.
    nats += (count / total) * Math.log(count / total / (Math.max(spread[bin]!, 1) / spreadTotal));
  }
  return nats;
}
