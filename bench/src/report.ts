import type { ProcessMemory } from "./memory.ts";
import type { Round } from "./round.ts";
import { median } from "./statistics.ts";
import { textTable } from "./text-table.ts";

export const cases = ["engine alone", "relay alone", "meanet", "edge-only", "cloud-only"] as const;
export type CaseName = (typeof cases)[number];

export interface CaseReport {
  readonly name: CaseName;
  /** Median of each figure over the rounds. */
  readonly median: Round;
  /** Median of the rates' ratios, each within one round: what slows the machine for a while slows both. */
  readonly rateToEngine: number;
  readonly rateToRelay: number;
  readonly rounds: readonly Round[];
}

/** What `meanet up` started, and what it held. */
export interface MemoryReport {
  /** Medians over the samples taken at the end of each round of the pipeline. */
  readonly processes: readonly ProcessMemory[];
  readonly totalResidentBytes: number;
}

/** @param rounds - of each case, as many as of the others, in the order they ran */
export function summarise(rounds: Readonly<Record<CaseName, readonly Round[]>>): CaseReport[] {
  return cases.map((name) => ({
    name,
    median: medianRound(rounds[name]),
    rateToEngine: rateTo(rounds[name], rounds["engine alone"]),
    rateToRelay: rateTo(rounds[name], rounds["relay alone"]),
    rounds: rounds[name],
  }));
}

function rateTo(rounds: readonly Round[], others: readonly Round[]): number {
  return median(rounds.map(({ framesPerS }, index) => framesPerS / others[index]!.framesPerS));
}

function medianRound(rounds: readonly Round[]): Round {
  const of = (figure: (round: Round) => number) => median(rounds.map(figure));
  const known = (figure: (round: Round) => number | null) => {
    const values = rounds.map(figure).filter((value) => value !== null);
    return values.length === 0 ? null : median(values);
  };
  const through = (exit: "main" | "extension" | "cloud") => known(({ exits }) => exits?.[exit] ?? null) ?? 0;
  return {
    framesPerS: of(({ framesPerS }) => framesPerS),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    accuracy: known(({ accuracy }) => accuracy),
    exits: rounds.some(({ exits }) => exits !== null)
      ? { main: through("main"), extension: through("extension"), cloud: through("cloud") }
      : null,
    edgeJPerFrame: known(({ edgeJPerFrame }) => edgeJPerFrame),
    cloudJPerFrame: known(({ cloudJPerFrame }) => cloudJPerFrame),
    uplinkBytesPerFrame: known(({ uplinkBytesPerFrame }) => uplinkBytesPerFrame),
    refused: of(({ refused }) => refused),
  };
}

/** Of samples of the same processes: the median of what each held, the highest peak. */
export function summariseMemory(samples: readonly (readonly ProcessMemory[])[]): MemoryReport {
  const last = samples.at(-1) ?? [];
  const processes = last.map(({ name }) => {
    const own = samples.flatMap((sample) => sample.filter((memory) => memory.name === name));
    return {
      name,
      residentBytes: median(own.map(({ residentBytes }) => residentBytes)),
      peakBytes: Math.max(...own.map(({ peakBytes }) => peakBytes)),
    };
  });
  return {
    processes,
    totalResidentBytes: processes.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
  };
}

export function casesTable(reports: readonly CaseReport[]): string {
  const head = [
    ...[
      "",
      "frames/s",
      "of engine",
      "of relay",
      "p50 ms",
      "p99 ms",
      "accuracy",
      "main",
      "extension",
      "cloud",
    ],
    ...["edge mJ/frame", "cloud mJ/frame", "up B/frame", "refused"],
  ];
  const rows = reports.map(({ name, median: figures, rateToEngine, rateToRelay }) => [
    name,
    fixed(figures.framesPerS, 0),
    percent(rateToEngine),
    percent(rateToRelay),
    fixed(figures.p50Ms, 1),
    fixed(figures.p99Ms, 1),
    percent(figures.accuracy),
    percent(figures.exits?.main),
    percent(figures.exits?.extension),
    percent(figures.exits?.cloud),
    fixed(scaled(figures.edgeJPerFrame, 1000), 3),
    fixed(scaled(figures.cloudJPerFrame, 1000), 3),
    fixed(figures.uplinkBytesPerFrame, 0),
    fixed(figures.refused, 0),
  ]);
  return textTable([head, ...rows]);
}

export function memoryTable({ processes, totalResidentBytes }: MemoryReport): string {
  const mib = (bytes: number) => fixed(bytes / 2 ** 20, 0);
  return textTable([
    ["process", "RSS MiB", "peak MiB"],
    ...processes.map(({ name, residentBytes, peakBytes }) => [name, mib(residentBytes), mib(peakBytes)]),
    ["total", mib(totalResidentBytes), ""],
  ]);
}

function fixed(value: number | null, digits: number): string {
  return value === null ? "–" : value.toFixed(digits);
}

function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}
