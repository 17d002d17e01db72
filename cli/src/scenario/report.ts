import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lineChart } from "../plots/line-chart.ts";
import { joules, percent } from "../quantity-text.ts";
import { textTable } from "../text-table.ts";
import type { AccuracyPoint } from "./accuracy-over-time.ts";
import type { LowLightResult, LowLightRun } from "./low-light.ts";

const bandNames = {
  clean: "good light",
  shifted: "low light",
  adapted: "low light, after learning",
} as const;

/** Accuracy on hard classes over time, with what the edge did. @returns SVG */
function lowLightPlot({ result, overTime, events, phases }: LowLightRun): string {
  const line = (name: string, points: readonly AccuracyPoint[]) => ({
    name,
    points: points.map(({ atS, accuracy }) => [atS, accuracy] as const),
  });
  return lineChart({
    title: `${result.bundle}: hard classes while the light goes, labels: ${result.labels}`,
    x: { title: "time, s", min: 0 },
    left: { title: "accuracy on hard classes", format: (value) => `${Math.round(100 * value)} %` },
    series: [line("edge alone", overTime.edge), line("with the cloud", overTime.withCloud)],
    bands: phases.map(({ name, fromS, toS }) => ({ name: bandNames[name], from: fromS, to: toS })),
    markers: events
      .filter(({ event }) => ["started", "swapped", "refused", "failed", "rolled-back"].includes(event))
      .map(({ event, atS }) => ({ name: event, x: atS })),
  });
}

/** Writes plot and figures. @returns the paths, plot first */
export async function writeLowLight(out: string, run: LowLightRun): Promise<readonly [string, string]> {
  const name = `${run.result.labels}-${run.result.seed}`;
  const plot = join(out, `${name}.svg`);
  const figures = join(out, `${name}.json`);
  await mkdir(out, { recursive: true });
  await writeFile(plot, lowLightPlot(run));
  await writeFile(figures, `${JSON.stringify(run, undefined, 1)}\n`);
  return [plot, figures];
}

/** The result for people. */
export function lowLightText(result: LowLightResult, colour: boolean): string {
  const { hardAccuracy, cleanAccuracy, judged, streamed, items } = result;
  const points = (from: number, to: number) => `${to >= from ? "+" : ""}${(100 * (to - from)).toFixed(1)}`;
  const table = textTable({
    head: ["edge alone", "frames", "before", "after", "points"],
    rows: [
      [
        "hard classes, low light",
        String(judged.shiftedHard),
        percent(hardAccuracy.shiftedBefore),
        percent(hardAccuracy.shiftedAfter),
        points(hardAccuracy.shiftedBefore, hardAccuracy.shiftedAfter),
      ],
      [
        "all classes, clean",
        String(judged.clean),
        percent(cleanAccuracy.before),
        percent(cleanAccuracy.after),
        points(cleanAccuracy.before, cleanAccuracy.after),
      ],
    ],
    right: [false, true, true, true, true],
    colour,
  });
  const { shifted } = streamed;
  return [
    table,
    `hard classes, clean, before: ${percent(hardAccuracy.clean)}; low light cost ${(100 * (hardAccuracy.clean - hardAccuracy.shiftedBefore)).toFixed(1)} points`,
    `learning   ${learningText(result)}`,
    `labels     ${shifted.labelled} told of ${shifted.frames} frames in low light; the cloud answered ${shifted.cloudAnswers}`,
    `items      ${items.label} of labels and ${items.cloud} of the cloud's answers, of hard classes, in the edge's store`,
    `energy     training ${joules(result.energyJ)}, answers of the stream ${joules(result.inferenceJ)}`,
  ].join("\n");
}

function learningText({ outcome, reason, seconds }: LowLightResult): string {
  switch (outcome) {
    case "accepted":
      return `accepted, in force ${seconds.toFixed(1)} s after the training began`;
    case "none":
      return "none came to its end in time";
    default:
      return `${outcome}: ${reason ?? "no reason given"}`;
  }
}
