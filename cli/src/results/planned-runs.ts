/** What the document reports on, run or not. Names are those of recipes and of the bundles that they make. */
export interface PlannedRun {
  readonly name: string;
  readonly what: string;
}

export const variants = ["A", "B"] as const;
export type Variant = (typeof variants)[number];

export const variantRuns: Readonly<Record<Variant, PlannedRun>> = {
  A: {
    name: "cifar100-resnet32-a",
    what: "Variant A: stem and two stages of ResNet-32 are main, the third the extension",
  },
  B: {
    name: "cifar100-resnet32-b",
    what: "Variant B: all of ResNet-32 is main, four more blocks the extension",
  },
};

/** The first is variant A, its extension trained shorter; from it each of the others differs in one thing, behind the same main. */
export const ablations: readonly (PlannedRun & { readonly origin: "paper" | "paper's code" | "ours" })[] = [
  { name: "cifar100-resnet32-a-16-epochs", what: "nothing: variant A, trained shorter", origin: "paper" },
  {
    name: "cifar100-resnet32-a-random-50",
    what: "50 hard classes at random (the code takes the first 50)",
    origin: "paper's code",
  },
  { name: "cifar100-resnet32-a-h30", what: "30 hard classes", origin: "ours" },
  { name: "cifar100-resnet32-a-h70", what: "70 hard classes", origin: "paper's code" },
  { name: "cifar100-resnet32-a-sum", what: "sum in place of concatenation", origin: "paper's code" },
  {
    name: "cifar100-resnet32-a-all",
    what: "extension learns all 100 classes, runs for all",
    origin: "paper's code",
  },
  { name: "cifar100-resnet32-a-not-hard", what: 'extension may answer "not hard"', origin: "ours" },
  {
    name: "cifar100-resnet32-a-distilled",
    what: "extension also learns from main's answers",
    origin: "ours",
  },
];
