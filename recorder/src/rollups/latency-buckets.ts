import { firstIndex } from "../first-index.ts";

/**
 * A histogram of latencies that adds up: percentiles of intervals cannot be combined, counts in fixed buckets can.
 *
 * Ten bounds per decade from 0.1 ms to 10 s, the preferred numbers R10 of ISO 3, so neighbours lie at most 28 % apart. A bucket
 * counts the latencies below its bound and not below the bound before; the last one counts those from 10 s on.
 */
const DECADE = ["1", "1.25", "1.6", "2", "2.5", "3.15", "4", "5", "6.3", "8"] as const;

/** Upper bounds in milliseconds, rising; the last bucket has none. */
export const latencyBoundsMs: readonly number[] = [
  ...[-1, 0, 1, 2, 3].flatMap((exponent) => DECADE.map((mantissa) => Number(`${mantissa}e${exponent}`))),
  1e4,
];

/** `under_12_5_ms`: column in SQLite and field in InfluxDB. */
export const latencyBuckets: readonly string[] = [
  ...latencyBoundsMs.map((bound) => `under_${String(bound).replace(".", "_")}_ms`),
  "over_10000_ms",
];

/** The bucket of a latency, index into {@link latencyBuckets}. @param latencyMs - 0 or more */
export function bucketOf(latencyMs: number): number {
  return firstIndex(latencyBoundsMs.length, (bucket) => latencyMs < latencyBoundsMs[bucket]!);
}

/**
 * A percentile out of the counts of buckets, at the rank that the exact one has: of n values in rising order the one at
 * ⌊n·p/100 + ½⌋. Values are taken to lie evenly, on a logarithmic scale, between the bounds of their bucket and not above the
 * largest: the answer is in the right bucket, so it is off by less than 28 %.
 *
 * @param counts - by bucket, as {@link latencyBuckets}
 * @param percent - above 0, at most 100
 * @param maxMs - the largest value, known exactly
 * @returns milliseconds; null when no value has that rank
 */
export function percentileMs(counts: readonly number[], percent: number, maxMs: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rank = Math.floor((total * percent) / 100 + 0.5);
  if (rank === 0) return null;
  let before = 0;
  for (const [bucket, count] of counts.entries()) {
    if (before + count < rank) {
      before += count;
      continue;
    }
    const upper = Math.min(maxMs, latencyBoundsMs[bucket] ?? maxMs);
    const lower = Math.min(upper, latencyBoundsMs[bucket - 1] ?? upper / 2);
    return lower * (upper / lower) ** ((rank - before) / count) || 0;
  }
  return null;
}
