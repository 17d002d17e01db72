/** What the paper says in words, each beside the figure of this code that speaks for or against it. */
import type { Inputs, RunEvaluation, TrainingMemoryReport } from "./inputs.ts";
import { mib, millijoules, notRun, percent, points, table } from "./markdown.ts";
import { type Variant, variantRuns, variants } from "./planned-runs.ts";

interface Claim {
  /** In our words. */
  readonly says: string;
  readonly source: "paper" | "summaries of the paper" | "our reading";
  /** Text of the figure, and whether it bears the claim out; undefined where nothing was run. */
  readonly check: (evaluation: RunEvaluation) => Outcome | undefined;
}

interface Outcome {
  readonly figure: string;
  readonly holds: boolean;
}

const claims: readonly Claim[] = [
  {
    says: "The extension block raises accuracy over main alone",
    source: "paper",
    check: ({ main, edge }) => gain(main.accuracy, edge.accuracy),
  },
  {
    says: "… most of all on the hard classes",
    source: "summaries of the paper",
    check: ({ main, edge }) => gain(main.hard, edge.hard),
  },
  {
    says: "Sending uncertain frames to the cloud raises accuracy over the edge alone",
    source: "paper",
    check: (evaluation) => {
      const own = ownPoint(evaluation);
      return own && gain(evaluation.edge.accuracy, own.accuracy);
    },
  },
  {
    says: "… at a fraction of the uploads",
    source: "our reading",
    check: (evaluation) => {
      const own = ownPoint(evaluation);
      return own && { figure: `${percent(own.sent)} sent`, holds: own.sent < 1 };
    },
  },
  {
    says: "… for less energy at the edge than main and sending everything take",
    source: "paper",
    check: (evaluation) => {
      const own = ownPoint(evaluation);
      const all = evaluation.curve[0];
      return (
        own &&
        all && {
          figure: `${millijoules(own.energyJ)} against ${millijoules(all.energyJ)} a frame`,
          holds: own.energyJ < all.energyJ,
        }
      );
    },
  },
  {
    says: "A lower threshold never sends less",
    source: "our reading",
    check: ({ curve }) =>
      curve.length === 0
        ? undefined
        : {
            figure: `${curve.length} thresholds`,
            holds: curve.every(({ sent }, index) => index === 0 || sent <= curve[index - 1]!.sent),
          },
  },
];

/** One row per claim, one column per variant. */
export function claimsTable({ runs, memory }: Inputs): string {
  const evaluations = variants.map((variant) => reported(runs.get(variantRuns[variant].name)?.evaluations));
  const rows = claims.map(({ says, source, check }) => [
    says,
    source,
    ...evaluations.map((evaluation) => outcomeText(evaluation && check(evaluation))),
  ]);
  const memoryRow = [
    "Training block by block takes at most half the memory of training all at once",
    "our reading",
    ...variants.map((variant) => outcomeText(memory && memoryOutcome(memory, variant))),
  ];
  const heads = variants.map((variant, index) => {
    const split = evaluations[index]?.split;
    return `variant ${variant}${split === undefined ? "" : `, ${split}`}`;
  });
  return table(["claim, in our words", "from", ...heads], [...rows, memoryRow], 4);
}

/** The evaluation that the document goes by: the test set's where there is one. */
export function reported(evaluations: readonly RunEvaluation[] | undefined): RunEvaluation | undefined {
  return evaluations?.find(({ split }) => split === "test") ?? evaluations?.[0];
}

/** The point of the curve at the bundle's own threshold. */
export function ownPoint({ curve, threshold }: RunEvaluation) {
  return curve.find(({ T }) => T === threshold);
}

function gain(from: number, to: number): Outcome {
  return { figure: `${points(to - from)}, to ${percent(to)}`, holds: to > from };
}

function memoryOutcome({ cases }: TrainingMemoryReport, variant: Variant): Outcome | undefined {
  const of = (name: string) => cases.find((given) => given.name === `${name} ${variant}`)?.measuredBytes;
  const [blockWise, endToEnd] = [of("block-wise"), of("end-to-end")];
  if (blockWise === undefined || endToEnd === undefined) return undefined;
  return {
    figure: `${mib(blockWise)} of ${mib(endToEnd)}, ${percent(blockWise / endToEnd, 0)}`,
    holds: blockWise <= endToEnd / 2,
  };
}

function outcomeText(outcome: Outcome | undefined): string {
  return outcome === undefined ? notRun : `${outcome.holds ? "yes" : "**no**"}: ${outcome.figure}`;
}
