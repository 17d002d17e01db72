import type { NodeEnergy, Stats } from "@meanet/protocol";

/** Growth of one counter of drops. */
export interface DropGrowth {
  readonly reason: string;
  readonly dropped: number;
}

export interface DropCounters {
  readonly uptimeS: number;
  readonly drops: Readonly<Record<string, number>>;
}

/**
 * What each counter of drops grew by since the stats before. Counters begin at 0 with the process, so after a restart, told by
 * an uptime that went down, all of a counter is new. Uptime comes from a steady clock, which no change of the time of day moves.
 */
export function dropGrowth(before: DropCounters | undefined, stats: Stats): DropGrowth[] {
  const restarted = before === undefined || stats.uptimeS < before.uptimeS;
  return Object.entries(stats.drops).flatMap(([reason, count]) => {
    const earlier = restarted ? 0 : (before.drops[reason] ?? 0);
    const dropped = Math.round(count < earlier ? count : count - earlier);
    return dropped > 0 && Number.isSafeInteger(dropped) ? [{ reason, dropped }] : [];
  });
}

type Joules = Record<"computeJ" | "uplinkJ" | "thumbnailJ", number>;
export type EnergyCounters = Pick<NodeEnergy, "uptimeS"> & Readonly<Joules>;

/** Joules used since the report before, by the same rule: of a process that is new, all that it counted. */
export function energyGrowth(before: EnergyCounters | undefined, energy: EnergyCounters): Readonly<Joules> {
  const restarted = before === undefined || energy.uptimeS < before.uptimeS;
  const grown = (counter: keyof Joules) =>
    restarted || energy[counter] < before[counter] ? energy[counter] : energy[counter] - before[counter];
  return { computeJ: grown("computeJ"), uplinkJ: grown("uplinkJ"), thumbnailJ: grown("thumbnailJ") };
}
