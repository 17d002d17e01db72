/** Lengths of the intervals that rows are rolled up into, by their names in answers and policies. */
export const tiers = { "1m": 60_000, "1h": 3_600_000 } as const;
export type Tier = keyof typeof tiers;

export const tierNames = Object.keys(tiers) as readonly Tier[];

/** Start of the interval that a moment lies in, both in milliseconds since 1970. */
export function intervalStart(tier: Tier, at: number): number {
  return at - (at % tiers[tier]);
}
