import type { Stats } from "@meanet/protocol";

/** Growth of one counter of drops. */
export interface DropGrowth {
  readonly reason: string;
  readonly dropped: number;
}

/** Which process counted: one that does not tell when it was started is known by its uptime alone. */
interface Counted {
  readonly uptimeS: number;
  /** Milliseconds since 1970. */
  readonly since?: number | null | undefined;
}

export interface DropCounters extends Counted {
  readonly drops: Readonly<Record<string, number>>;
}

/** What each counter of drops grew by since the stats before. Counters begin at 0 with the process: after a restart all of a counter is new. */
export function dropGrowth(before: DropCounters | undefined, stats: Stats): DropGrowth[] {
  const restarted = before === undefined || isRestarted(before, stats);
  return Object.entries(stats.drops).flatMap(([reason, count]) => {
    const earlier = restarted ? 0 : (before.drops[reason] ?? 0);
    const dropped = Math.round(count < earlier ? count : count - earlier);
    return dropped > 0 && Number.isSafeInteger(dropped) ? [{ reason, dropped }] : [];
  });
}

type Joules = Record<"computeJ" | "uplinkJ" | "thumbnailJ", number>;
export type EnergyCounters = Counted & Readonly<Joules>;

/** Joules used since the report before, by the same rule: of a process that is new, all that it counted. */
export function energyGrowth(before: EnergyCounters | undefined, energy: EnergyCounters): Readonly<Joules> {
  const restarted = before === undefined || isRestarted(before, energy);
  const grown = (counter: keyof Joules) =>
    restarted || energy[counter] < before[counter] ? energy[counter] : energy[counter] - before[counter];
  return { computeJ: grown("computeJ"), uplinkJ: grown("uplinkJ"), thumbnailJ: grown("thumbnailJ") };
}

/**
 * The uptime alone would hide the restart of a node that the recorder heard nothing of for longer than the new process is old. It comes
 * from a steady clock, which no change of the time of day moves.
 */
function isRestarted(before: Counted, now: Counted): boolean {
  if (before.since != null && now.since != null && before.since !== now.since) return true;
  return now.uptimeS < before.uptimeS;
}
