/** Sections of runs of one command, seed by seed: what each gained, how it went, the plot over time. */
import { lineChart } from "../plots/line-chart.ts";
import type { AccuracyPoint } from "../scenario/accuracy-over-time.ts";
import type { PhaseName } from "../scenario/plan.ts";
import type { KeptRun } from "./low-light-runs.ts";
import { notRun, percent, range, signedPoints, table, whole } from "./markdown.ts";

/** Runs that differ in nothing but the seed. */
export interface RunsBySeed {
  /** The command that gives each, without its seed. */
  readonly command: string;
  /** Those to be run, or run; ascending. */
  readonly seeds: readonly number[];
  readonly runs: readonly KeptRun[];
}

const ends = new Set(["swapped", "refused", "failed", "rolled-back"]);

interface Column {
  readonly head: string;
  readonly of: (run: KeptRun) => number;
  readonly format: (value: number) => string;
  /** Of a deviation, where it reads otherwise than the figure. */
  readonly spread?: (value: number) => string;
}

const points = (value: number) => (100 * value).toFixed(1);

const gainColumns: readonly Column[] = [
  { head: "hard, clean", of: ({ result }) => result.hardAccuracy.clean, format: percent },
  {
    head: "hard, low light: before",
    of: ({ result }) => result.hardAccuracy.shiftedBefore,
    format: percent,
  },
  { head: "after", of: ({ result }) => result.hardAccuracy.shiftedAfter, format: percent },
  { head: "points", of: gain, format: signedPoints, spread: points },
  { head: "all, clean: before", of: ({ result }) => result.cleanAccuracy.before, format: percent },
  { head: "after", of: ({ result }) => result.cleanAccuracy.after, format: percent },
  { head: "points", of: cleanChange, format: signedPoints, spread: points },
  { head: "training, s", of: ({ result }) => result.seconds, format: (value) => value.toFixed(1) },
  { head: "training, J", of: ({ result }) => result.energyJ, format: (value) => value.toFixed(1) },
];

/** What learning gave back on hard classes in low light, a difference of shares. */
export function gain({ result: { hardAccuracy } }: KeptRun): number {
  return hardAccuracy.shiftedAfter - hardAccuracy.shiftedBefore;
}

/** What low light took from the hard classes, a difference of shares. */
export function loss({ result: { hardAccuracy } }: KeptRun): number {
  return hardAccuracy.clean - hardAccuracy.shiftedBefore;
}

/** What learning changed on clean frames, a difference of shares. */
export function cleanChange({ result: { cleanAccuracy } }: KeptRun): number {
  return cleanAccuracy.after - cleanAccuracy.before;
}

/** The edge alone, judged before and after: a row for each run, their mean and their standard deviation. */
export function gainTable({ seeds, runs }: RunsBySeed): string {
  const rows = seeds.flatMap((seed) => {
    const ofSeed = runs.filter(({ result }) => result.seed === seed);
    if (ofSeed.length === 0) return [[String(seed), ...gainColumns.map(() => notRun)]];
    return ofSeed.map((run) => [labelOf(run, runs), ...gainColumns.map(({ of, format }) => format(of(run)))]);
  });
  const summary =
    runs.length < 2
      ? []
      : [
          ["mean", ...gainColumns.map(({ of, format }) => format(mean(runs.map(of))))],
          [
            "± deviation",
            ...gainColumns.map(({ of, format, spread = format }) => spread(deviation(runs.map(of)))),
          ],
        ];
  return table(["seed", ...gainColumns.map(({ head }) => head)], [...rows, ...summary]);
}

/** What became of the frames of the stream, and how hard classes were answered on it. */
export function streamTable({ runs }: RunsBySeed): string {
  const rows = runs.map((run) => {
    const { streamed, items, inferenceJ } = run.result;
    const phases = Object.values(streamed);
    const sum = (of: (phase: (typeof phases)[number]) => number) =>
      whole(phases.reduce((total, phase) => total + of(phase), 0));
    return [
      labelOf(run, runs),
      sum(({ frames }) => frames),
      sum(({ labelled }) => labelled),
      sum(({ cloudAnswers }) => cloudAnswers),
      whole(items.label + items.cloud),
      inferenceJ.toFixed(1),
      byPhase(run.overTime.edge),
      byPhase(run.overTime.withCloud),
    ];
  });
  return table(
    [
      "seed",
      "frames",
      "labelled",
      "answered by the cloud",
      "items learned from",
      "answers, J",
      "hard, edge alone: clean / low light / after learning",
      "hard, with the cloud",
    ],
    rows,
  );
}

/** How each training ended, in the edge's own figures. */
export function verdictsText({ runs }: RunsBySeed): string {
  return runs
    .map((run) => {
      const { outcome, reason } = run.result;
      const told = run.events.find(({ event }) => event === outcome)?.text ?? reason;
      const text =
        outcome === "none"
          ? "no training came to its end in time"
          : `${outcome}: ${told ?? "no reason given"}`;
      return `- Seed ${labelOf(run, runs)}: ${text}.`;
    })
    .join("\n");
}

/** Accuracy of the edge alone on the stream's hard classes, a line for each run. @returns SVG */
export function plotOf({ runs }: RunsBySeed, title: string): string {
  const wentS = new Map(runs.map((run) => [run, run.phases.find(({ name }) => name === "shifted")!.fromS]));
  return lineChart({
    title,
    x: { title: "time since the light went, s" },
    left: { title: "accuracy on hard classes", format: (value) => `${Math.round(100 * value)} %` },
    series: runs.map((run) => ({
      name: `seed ${labelOf(run, runs)}`,
      points: run.overTime.edge.map(({ atS, accuracy }) => [atS - wentS.get(run)!, accuracy]),
    })),
    bands: [
      { name: "good light", from: -Math.max(...wentS.values()), to: 0 },
      {
        name: "low light",
        from: 0,
        to: Math.max(...runs.map((run) => run.phases.at(-1)!.toS - wentS.get(run)!)),
      },
    ],
    markers: runs.flatMap((run) => {
      const end = run.events.find(({ event }) => ends.has(event));
      // Short: ends of trainings lie close together.
      return end === undefined ? [] : [{ name: labelOf(run, runs), x: end.atS - wentS.get(run)! }];
    }),
  });
}

/** Of hard classes on the stream with the cloud, once the light has gone; over all windows. */
export function lowLightWithCloud(run: KeptRun): number | undefined {
  return accuracyOf(run.overTime.withCloud.filter(({ phase }) => phase !== "clean"));
}

/** Frames that the edge answered in a second while the light was low and it learned. */
export function lowLightRate({ result, phases }: KeptRun): number {
  const { fromS, toS } = phases.find(({ name }) => name === "shifted")!;
  return result.streamed.shifted.frames / (toS - fromS);
}

/** The seed; of a seed that was run more than once the file as well. */
function labelOf({ name, result: { seed } }: KeptRun, runs: readonly KeptRun[]): string {
  const alone = runs.filter(({ result }) => result.seed === seed).length === 1;
  return alone ? String(seed) : `${seed} (${name})`;
}

function byPhase(over: readonly AccuracyPoint[]): string {
  const names: readonly PhaseName[] = ["clean", "shifted", "adapted"];
  return names
    .map((name) => accuracyOf(over.filter(({ phase }) => phase === name)))
    .map((accuracy) => (accuracy === undefined ? "–" : percent(accuracy)))
    .join(" / ");
}

function accuracyOf(windows: readonly AccuracyPoint[]): number | undefined {
  const frames = windows.reduce((sum, window) => sum + window.frames, 0);
  if (frames === 0) return undefined;
  return windows.reduce((sum, window) => sum + window.frames * window.accuracy, 0) / frames;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample: n − 1. */
function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** `18.4 to 21.7` of all runs. */
export function rangeOf(
  { runs }: RunsBySeed,
  of: (run: KeptRun) => number,
  format: (value: number) => string,
): string {
  return range(runs.map(of), format);
}
