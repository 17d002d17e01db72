import { MeanetError } from "@meanet/runtime";
import type { ProcessMemory } from "../memory.ts";
import { median } from "../statistics.ts";

/** All processes at one time. */
export interface MemorySample {
  /** Since the start, milliseconds. */
  readonly atMs: number;
  readonly processes: readonly ProcessMemory[];
}

/** What a process held early and late in a run. */
export interface Growth {
  readonly name: string;
  /** Resident memory, the median of the second quarter of the run: by then caches and pools have filled. */
  readonly earlyBytes: number;
  /** The median of the last quarter. */
  readonly lateBytes: number;
  readonly peakBytes: number;
  /** From the one to the other. Of a process that leaks it stays what it is in a run of any length; of others it falls. */
  readonly bytesPerHour: number;
}

const LEAST_SAMPLES = 8;
const HOUR_MS = 3_600_000;
/** From the middle of the second quarter to that of the last, as a share of the run. */
const APART = 0.5;

/**
 * Growth of each process of the last sample. A process that was started again counts under its name.
 *
 * @throws {MeanetError} CONFIG_INVALID when the run was too short for quarters
 */
export function growthOf(samples: readonly MemorySample[]): Growth[] {
  if (samples.length < LEAST_SAMPLES) {
    throw new MeanetError(
      "CONFIG_INVALID",
      `${samples.length} samples of memory tell of no growth, expected ${LEAST_SAMPLES}: give more --minutes`,
    );
  }
  const quarter = (number: number) =>
    samples.slice(Math.floor(((number - 1) * samples.length) / 4), Math.floor((number * samples.length) / 4));
  const lengthMs = samples.at(-1)!.atMs - samples[0]!.atMs;
  return samples.at(-1)!.processes.map(({ name }) => {
    const of = (some: readonly MemorySample[]) =>
      some.flatMap(({ processes }) => processes.filter((process_) => process_.name === name));
    const resident = (some: readonly MemorySample[]) =>
      median(of(some).map(({ residentBytes }) => residentBytes));
    const [earlyBytes, lateBytes] = [resident(quarter(2)), resident(quarter(4))];
    return {
      ...{ name, earlyBytes, lateBytes },
      peakBytes: Math.max(...of(samples).map(({ peakBytes }) => peakBytes)),
      bytesPerHour: ((lateBytes - earlyBytes) * HOUR_MS) / (lengthMs * APART),
    };
  });
}
