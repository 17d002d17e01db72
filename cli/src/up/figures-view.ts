import type { Summary } from "../figures.ts";
import { bytes, joules, percent } from "../quantity-text.ts";
import { textTable } from "../text-table.ts";

export interface LiveFigures extends Summary {
  readonly elapsedMs: number;
  /** What the nodes say they lost or refused. */
  readonly nodeDrops: number;
}

/** One line of a log that is no terminal. */
export function figuresLine(figures: LiveFigures): string {
  return [
    `${seconds(figures.elapsedMs)}  ${figures.frames} frames`,
    shares(figures),
    `accuracy ${percent(figures.accuracy)}`,
    `p50 ${milliseconds(figures.latencyMs.p50)} p99 ${milliseconds(figures.latencyMs.p99)}`,
    `${joules(figures.energyJ.perFrame)}/frame`,
    `${bytes(figures.uplinkBytes)} to the cloud`,
    `${figures.refused} refused, ${figures.dropped} dropped`,
  ].join(" | ");
}

const columns = [
  ...["frames", "main", "extension", "cloud", "accuracy", "p50", "p99", "J/frame", "to the cloud", "drops"],
];

/** Width of the live table with the widest figures; a terminal that is narrower shows the line. */
export const FIGURES_TABLE_COLUMNS = 110;

/** The live table, for a terminal. */
export function figuresTable(figures: LiveFigures): string {
  const row = [
    String(figures.frames),
    percent(share(figures, "main")),
    percent(share(figures, "extension")),
    percent(share(figures, "cloud")),
    percent(figures.accuracy),
    milliseconds(figures.latencyMs.p50),
    milliseconds(figures.latencyMs.p99),
    joules(figures.energyJ.perFrame),
    bytes(figures.uplinkBytes),
    String(figures.dropped + figures.nodeDrops),
  ];
  return textTable({ head: columns, rows: [row], right: columns.map(() => true), colour: true });
}

/** The end of a run, for people. */
export function summaryText(summary: Summary): string {
  const { latencyMs, energyJ } = summary;
  return [
    `${summary.frames} frames: ${summary.verdicts} verdicts, ${summary.refused} refused, ${summary.dropped} dropped`,
    ...Object.entries(summary.refusals).map(
      ([reason, { frames, detail }]) => `refused    ${frames} ${reason}: ${detail}`,
    ),
    `exits      ${shares(summary)}`,
    `accuracy   ${percent(summary.accuracy)}`,
    `latency    p50 ${milliseconds(latencyMs.p50)}, p99 ${milliseconds(latencyMs.p99)}`,
    `energy     ${joules(energyJ.total)} = edge ${joules(energyJ.edge)} + uplink ${joules(energyJ.uplink)}; ${joules(energyJ.perFrame)} per frame`,
    `uplink     ${bytes(summary.uplinkBytes)} to the cloud`,
  ].join("\n");
}

function shares(summary: Summary): string {
  return (["main", "extension", "cloud"] as const)
    .map((exit) => `${exit} ${percent(share(summary, exit))}`)
    .join(", ");
}

function share(summary: Summary, exit: keyof Summary["exits"]): number | null {
  return summary.verdicts === 0 ? null : summary.exits[exit] / summary.verdicts;
}

function milliseconds(value: number | null): string {
  return value === null ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(0).padStart(4)} s`;
}
