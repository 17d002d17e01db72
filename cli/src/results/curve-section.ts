/** The curve over T: plots and tables of what is sent, reached and spent. */
import { lineChart } from "../plots/line-chart.ts";
import { ownPoint, reported } from "./claims.ts";
import type { Inputs, RunEvaluation } from "./inputs.ts";
import { millijoules, notRun, percent, table } from "./markdown.ts";
import { type Variant, variantRuns, variants } from "./planned-runs.ts";

export interface CurveSection {
  readonly text: string;
  /** By file name, in the folder of the document's pictures. */
  readonly plots: ReadonlyMap<string, string>;
}

/** @param folder - of the pictures, as the document links them */
export function curveSection({ runs }: Inputs, folder: string): CurveSection {
  const plots = new Map<string, string>();
  const texts = variants.map((variant) => {
    const evaluation = reported(runs.get(variantRuns[variant].name)?.evaluations);
    if (evaluation === undefined || evaluation.curve.length === 0) {
      return `### Variant ${variant}\n\nEdge and cloud: ${notRun}.`;
    }
    const [accuracy, costs] = [`accuracy-${variant.toLowerCase()}.svg`, `costs-${variant.toLowerCase()}.svg`];
    plots.set(accuracy, accuracyPlot(variant, evaluation));
    plots.set(costs, costPlot(variant, evaluation));
    return variantText(variant, evaluation, [`${folder}/${accuracy}`, `${folder}/${costs}`]);
  });
  return { text: texts.join("\n\n"), plots };
}

function variantText(
  variant: Variant,
  evaluation: RunEvaluation,
  [accuracy, costs]: [string, string],
): string {
  const { curve, threshold, profile, uplink, split } = evaluation;
  const rows = curve.map((point) => [
    `${point.T.toFixed(3)}${point.T === threshold ? " \\*" : ""}`,
    percent(point.sent),
    percent(point.accuracy, 2),
    millijoules(point.energyJ),
    point.uplinkBytes.toFixed(0),
  ]);
  return `### Variant ${variant}

On ${split} data; joules and bytes are means per frame at the edge, modelled by the profile \`${profile}\` and the radio \`${uplink}\`. The star marks the bundle's own T.

![Variant ${variant}: accuracy and share sent over T](${accuracy})

![Variant ${variant}: joules and bytes per frame over T](${costs})

${table(["T, nats", "sent", "accuracy", "energy a frame", "bytes a frame"], rows)}`;
}

function accuracyPlot(variant: Variant, evaluation: RunEvaluation): string {
  const { curve, main, edge, cloud } = evaluation;
  const flat = (value: number) => curve.map(({ T }) => [T, value] as const);
  return lineChart({
    title: `Variant ${variant}: accuracy and share sent over T`,
    x: { title: "entropy threshold T, nats", min: 0 },
    left: { title: "accuracy, %" },
    right: { title: "share of frames sent, %", min: 0, max: 100 },
    series: [
      {
        name: "edge and cloud",
        points: curve.map(({ T, accuracy }) => [T, 100 * accuracy]),
      },
      { name: "edge alone", points: flat(100 * edge.accuracy), symbols: false },
      { name: "main alone", points: flat(100 * main.accuracy), symbols: false },
      ...(cloud === undefined
        ? []
        : [{ name: "cloud alone", points: flat(100 * cloud.accuracy), symbols: false }]),
      {
        name: "sent (right axis)",
        axis: "right" as const,
        points: curve.map(({ T, sent }) => [T, 100 * sent] as const),
      },
    ],
    markers: ownMarker(evaluation),
  });
}

function costPlot(variant: Variant, evaluation: RunEvaluation): string {
  const { curve } = evaluation;
  return lineChart({
    title: `Variant ${variant}: what a frame costs the edge, over T`,
    x: { title: "entropy threshold T, nats", min: 0 },
    left: { title: "energy a frame, mJ (modelled)", min: 0 },
    right: { title: "uplink a frame, bytes", min: 0 },
    series: [
      { name: "energy", points: curve.map(({ T, energyJ }) => [T, 1000 * energyJ]) },
      {
        name: "uplink (right axis)",
        axis: "right",
        points: curve.map(({ T, uplinkBytes }) => [T, uplinkBytes]),
      },
    ],
    markers: ownMarker(evaluation),
  });
}

function ownMarker(evaluation: RunEvaluation) {
  const own = ownPoint(evaluation);
  return own === undefined ? [] : [{ name: "the bundle's T", x: own.T }];
}
