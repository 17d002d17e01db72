import type { WhatIf } from "@meanet/recorder";
import { lineChart } from "../plots/line-chart.ts";
import { terminalChart } from "../plots/terminal-chart.ts";
import { percent } from "../quantity-text.ts";
import { textTable } from "../text-table.ts";

type Row = WhatIf["rows"][number];
type Column = readonly [head: string, cell: (row: Row) => string];

/** Steps across a plot of characters. */
const PLOT_STEPS = 60;

/** What other thresholds would have come to, as a table of characters and what to know when reading it. */
export function whatIfTable(answer: WhatIf, colour: boolean): string {
  const columns: readonly Column[] = [
    ["T, nats", ({ threshold, inForce }) => `${inForce ? "→ " : ""}${short(threshold)}`],
    ["sent", ({ sentShare }) => percent(sentShare)],
    ["known", ({ coverage }) => percent(coverage)],
    [
      measure(answer),
      ({ accuracy, judged }) => (accuracy === null ? "–" : `${percent(accuracy)} of ${judged}`),
    ],
    ["estimate", estimateText],
    ["J/frame", ({ jPerFrame, costCoverage }) => orNone(jPerFrame, costCoverage, short)],
    ["J", ({ edgeJ, uplinkJ, costCoverage }) => orNone(plus(edgeJ, uplinkJ), costCoverage, short)],
    ["cloud J", ({ cloudJ, costCoverage }) => orNone(cloudJ, costCoverage, short)],
    ["bytes up", ({ uplinkBytes, costCoverage }) => orNone(uplinkBytes, costCoverage, String)],
  ];
  const table = textTable({
    head: columns.map(([head]) => head),
    rows: answer.rows.map((row) => columns.map(([, cell]) => cell(row))),
    right: columns.map(() => true),
    colour,
  });
  return [table, ...notes(answer)].join("\n");
}

/** The same as a plot of characters: accuracy and share sent over the threshold. */
export function whatIfPlot(answer: WhatIf, colour: boolean): string {
  const curve = (value: (row: Row) => number | null) => resampled(answer.rows, value);
  const series = new Map([
    [`${measure(answer)}, estimate`, curve(({ estimatedAccuracy }) => estimatedAccuracy)],
    ["share sent", curve(({ sentShare }) => sentShare)],
    ["share known", curve(({ coverage }) => coverage)],
  ]);
  const [first, last] = [answer.rows[0]!, answer.rows.at(-1)!];
  const known = new Map([...series].filter(([, values]) => values.length > 0));
  return [
    `threshold ${short(first.threshold)} to ${short(last.threshold)} nats`,
    terminalChart({ series: known, format: percent, colour }),
    ...notes(answer),
  ].join("\n");
}

/** The same as an SVG document. */
export function whatIfSvg(answer: WhatIf): string {
  const points = (value: (row: Row) => number | null) =>
    answer.rows.map((row) => [row.threshold, value(row)] as const);
  const { inForce, frames } = answer;
  return lineChart({
    title: `What other thresholds would have given, ${frames} frames`,
    x: { title: "entropy threshold T, nats" },
    left: { title: "share", min: 0, max: 1, format: (value) => `${Math.round(value * 100)} %` },
    right: { title: "edge and upload, J per frame", min: 0 },
    series: [
      { name: `${measure(answer)}, known answers`, points: points(({ accuracy }) => accuracy) },
      { name: `${measure(answer)}, estimate`, points: points(({ estimatedAccuracy }) => estimatedAccuracy) },
      { name: "share sent", points: points(({ sentShare }) => sentShare) },
      { name: "share known", points: points(({ coverage }) => coverage) },
      { name: "J per frame", points: points(({ jPerFrame }) => jPerFrame), axis: "right" },
    ],
    markers: inForce === null ? [] : [{ name: `T ${short(inForce.threshold)}`, x: inForce.threshold }],
  });
}

function measure({ judge }: WhatIf): string {
  return judge === "labels" ? "accuracy" : "agreement with cloud";
}

function notes({ frames, truncated, labelled, judge, inForce, models, thresholds, rows }: WhatIf): string[] {
  const untold = frames - thresholds.reduce((sum, { frames: told }) => sum + told, 0);
  return [
    `${frames} frames${truncated ? ", the newest of more" : ""}; ${
      judge === "labels"
        ? `${labelled} with a label`
        : "no labels: agreement with the cloud, where it answered, stands for accuracy"
    }`,
    inForce === null
      ? "no threshold in force: another policy chose, or several thresholds did"
      : `→ T in force${inForce.from === "routes" ? ", as the routes of the frames tell" : ""}`,
    "known: frames whose answer at this T is recorded, and the accuracy is over these; estimate: over all frames, by answers of the same exit to frames of near entropy",
    ...(rows.some(({ extrapolated }) => extrapolated > 0)
      ? ["* a part of the estimate is carried on beyond the entropies that were judged"]
      : []),
    ...(rows.some(({ costCoverage }) => costCoverage < 1)
      ? ["~ joules and bytes of some frames are means of others"]
      : []),
    ...(thresholds.length > 1
      ? [
          `several thresholds were in force: ${thresholds.map(({ threshold, frames: count }) => `${short(threshold)} (${count} frames)`).join(", ")}`,
        ]
      : []),
    ...(thresholds.length === 1 && untold > 0
      ? [`${untold} frames tell no threshold: another policy routed them, so that no row is what happened`]
      : []),
    ...(models.length > 1
      ? [
          `frames of several bundles, whose entropies do not compare: choose by --model ${models.map(({ model }) => model).join(", ")}`,
        ]
      : []),
  ];
}

function estimateText({ estimatedAccuracy, extrapolated }: Row): string {
  return estimatedAccuracy === null ? "–" : `${percent(estimatedAccuracy)}${extrapolated > 0 ? " *" : ""}`;
}

function orNone(value: number | null, costCoverage: number, format: (value: number) => string): string {
  return value === null ? "–" : `${costCoverage < 1 ? "~ " : ""}${format(value)}`;
}

/** At even distances from the first threshold to the last, straight between the rows; empty when one is not known. */
function resampled(rows: readonly Row[], value: (row: Row) => number | null): number[] {
  const known = rows.flatMap((row) => {
    const y = value(row);
    return y === null ? [] : [{ x: row.threshold, y }];
  });
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || known.length < rows.length) return [];
  return Array.from({ length: PLOT_STEPS }, (_, step) => {
    const x = first.x + ((last.x - first.x) * step) / (PLOT_STEPS - 1);
    const at = Math.max(
      1,
      known.findIndex((point) => point.x >= x),
    );
    const [left, right] = [known[at - 1] ?? first, known[at] ?? last];
    const share = right.x === left.x ? 0 : (x - left.x) / (right.x - left.x);
    return left.y + (right.y - left.y) * share;
  });
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
