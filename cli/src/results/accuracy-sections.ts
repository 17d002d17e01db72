/** Sections of what bundles reach: who is right how often, who answers, what is detected. */

import { reported } from "./claims.ts";
import type { Inputs, Run, RunEvaluation } from "./inputs.ts";
import { notMeasured, notRun, percent, signedPoints, table } from "./markdown.ts";
import { ablations, variantRuns, variants } from "./planned-runs.ts";

const splits = ["test", "held-out"] as const;

/** Every variant on every split, whether there are figures or not. */
function eachEvaluation(
  { runs }: Inputs,
  rows: (evaluation: RunEvaluation) => readonly (readonly string[])[],
  width: number,
): string[][] {
  return variants.flatMap((variant) =>
    splits.flatMap((split) => {
      const run = runs.get(variantRuns[variant].name);
      const found = run?.evaluations.find((evaluation) => evaluation.split === split);
      const name = `${variant}, ${split}`;
      if (found === undefined) {
        // A run without its test figures lacks the data, not the run.
        const why = run === undefined ? notRun : notMeasured;
        return [[name, ...Array.from({ length: width }, () => why)]];
      }
      return rows(found).map((cells) => [name, ...cells]);
    }),
  );
}

export function accuracyTable(inputs: Inputs): string {
  const row = (who: string, share: string, accuracy: RunEvaluation["main"] | undefined) => [
    who,
    share,
    percent(accuracy?.accuracy, 2),
    percent(accuracy?.hard, 2),
    percent(accuracy?.easy, 2),
  ];
  return table(
    ["variant, data", "who answers", "sent", "all", "hard classes", "easy classes"],
    eachEvaluation(
      inputs,
      (evaluation) => {
        const { main, edge, cloud, offloaded } = evaluation;
        return [
          row("main alone", "0 %", main),
          row("edge: main and extension", "0 %", edge),
          ...(cloud === undefined
            ? [["edge and cloud", ...Array.from({ length: 4 }, () => notRun)]]
            : [
                row("edge and cloud", percent(offloaded?.exits.cloud), offloaded),
                row("cloud alone", "100 %", cloud),
              ]),
        ];
      },
      5,
    ),
    2,
  );
}

export function detectionTable(inputs: Inputs): string {
  return table(
    [
      "variant, data",
      "detected",
      "of those called hard, hard are",
      "of those called easy, easy are",
      "easy → hard",
      "hard → easy",
      "easy → another easy",
      "hard → another hard",
    ],
    eachEvaluation(
      inputs,
      ({ detection, calls, mainErrors: errors }) => [
        [
          percent(detection),
          percent(calls?.hard),
          percent(calls?.easy),
          percent(errors?.easyToHard),
          percent(errors?.hardToEasy),
          percent(errors?.easyToEasy),
          percent(errors?.hardToHard),
        ],
      ],
      7,
    ),
  );
}

export function exitsTable(inputs: Inputs): string {
  return table(
    ["variant, data", "", "main", "extension", "cloud", "extension runs for"],
    eachEvaluation(
      inputs,
      ({ exits, offloaded, extensionRuns, threshold }) => [
        ["nothing sent", percent(exits.main), percent(exits.extension), "–", percent(extensionRuns)],
        ...(offloaded === undefined
          ? []
          : [
              [
                `T = ${threshold.toFixed(3)}`,
                percent(offloaded.exits.main),
                percent(offloaded.exits.extension),
                percent(offloaded.exits.cloud),
                "–",
              ],
            ]),
      ],
      5,
    ),
    2,
  );
}

/** Accuracy of the edge alone by decision rule. */
export function rulesTable({ runs }: Inputs): string {
  const known: readonly (readonly [string, string])[] = [
    ["extension", "the extension always (paper's code)"],
    ["confidence", "the more confident (paper's code)"],
    ["mean", "mean of both over the hard classes"],
    ["fusion", "weighted fusion of both"],
    ["product", "weighted product of both"],
    ["confidence-calibrated", "the more confident, calibrated"],
    ["mean-calibrated", "mean, calibrated"],
    ["fusion-calibrated", "fusion, calibrated"],
    ["product-calibrated", "product, calibrated"],
  ];
  const columns = variants.map((variant) => runs.get(variantRuns[variant].name));
  const cell = (run: Run | undefined, rule: string) =>
    run === undefined ? notRun : percent(reported(run.evaluations)?.rules?.[rule], 2);
  return table(
    ["who answers a frame called hard", "variant A", "variant B"],
    known.map(([rule, what]) => [what, ...columns.map((run) => cell(run, rule))]),
  );
}

/** Variant A, trained shorter, first, then what differs from it in one thing; at last what else was put on record. */
export function ablationsTable({ runs }: Inputs): string {
  const planned = new Set([...Object.values(variantRuns), ...ablations].map(({ name }) => name));
  const others = [...runs]
    .filter(([name]) => name.startsWith("cifar100-") && !planned.has(name))
    .filter(([, { manifest }]) => manifest.provenance.quantization === undefined)
    .map(([name]) => ({ name, what: name, origin: "ours" }));
  const rows = [...ablations, ...others].map(({ name, what, origin }) => [
    `\`${name}\``,
    what,
    origin,
    ...ablationCells(runs.get(name)),
  ]);
  return table(
    [
      "recipe",
      "what differs",
      "from",
      "data",
      "main",
      "edge",
      "edge, extension always",
      "main, hard",
      "edge, hard",
      "detected",
      "extension runs for",
      "minutes",
    ],
    rows,
    4,
  );
}

/** Which of them the edge gains by and which not, beside the first. */
export function ablationsText({ runs }: Inputs): string {
  const [first, ...others] = ablations.flatMap(({ name, what }) => {
    const edge = reported(runs.get(name)?.evaluations)?.edge.accuracy;
    return edge === undefined ? [] : [{ name, what, edge }];
  });
  if (first?.name !== ablations[0]!.name || others.length === 0) return "";
  const list = (better: boolean) =>
    others
      .filter(({ edge }) => edge > first.edge === better)
      .toSorted((a, b) => b.edge - a.edge)
      .map(({ what, edge }) => `${what} (${signedPoints(edge - first.edge)})`)
      .join("; ");
  return `Beside the first row, in points of the edge's accuracy. Higher: ${list(true) || "none"}. Not higher, and so not part of the shipped recipes: ${list(false) || "none"}.`;
}

function ablationCells(run: Run | undefined): string[] {
  const evaluation = reported(run?.evaluations);
  if (run === undefined || evaluation === undefined) return Array.from({ length: 9 }, () => notRun);
  const { main, edge, rules, detection, extensionRuns, split } = evaluation;
  return [
    split,
    percent(main.accuracy, 2),
    percent(edge.accuracy, 2),
    percent(rules?.extension, 2),
    percent(main.hard, 2),
    percent(edge.hard, 2),
    percent(detection),
    percent(extensionRuns),
    (run.manifest.provenance.parts.extension.seconds / 60).toFixed(0),
  ];
}
