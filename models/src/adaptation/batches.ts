import type { Random } from "../training/random.ts";

/** What a batch is drawn from. */
export interface Pool {
  /** Target index of each item. */
  readonly targets: readonly number[];
  /** How often an item is drawn, compared with others of its class; > 0. */
  readonly weights: readonly number[];
}

/**
 * Draws items so that every class comes equally often, whatever the pool has of it, and items of a class by their weight.
 *
 * @returns positions in the pool, with repetition
 */
export function balancedDraw(pool: Pool): (random: Random) => number {
  const byTarget = [...Map.groupBy(pool.targets.keys(), (position) => pool.targets[position]!).values()];
  const sums = byTarget.map((positions) => {
    let sum = 0;
    return positions.map((position) => (sum += pool.weights[position]!));
  });
  return (random) => {
    const of = random.below(byTarget.length);
    const until = random.next() * sums[of]!.at(-1)!;
    const at = sums[of]!.findIndex((sum) => sum > until);
    return byTarget[of]!.at(at)!;
  };
}
