/** `docs/results/cifar-100.md`, as text: every figure from the JSON of a run, and plain words where there is none. */
import {
  ablationsTable,
  ablationsText,
  accuracyTable,
  detectionTable,
  exitsTable,
  rulesTable,
} from "./accuracy-sections.ts";
import { claimsTable, reported } from "./claims.ts";
import { curveSection } from "./curve-section.ts";
import type { Inputs, Run } from "./inputs.ts";
import { int8Section } from "./int8-section.ts";
import { whole } from "./markdown.ts";
import { ablations, type Variant, variantRuns, variants } from "./planned-runs.ts";
import { blocksTable, hardClassesText, memorySection, runsTable } from "./training-sections.ts";
import type { ResultsDocument } from "./write.ts";

export function cifar100Document(inputs: Inputs): ResultsDocument {
  const name = "cifar-100";
  const curve = curveSection(inputs, name);
  const sections: readonly (readonly [string, string])[] = [
    ["Claims", claimsTable(inputs)],
    ["What was run", `${runsTable(inputs)}\n\n${machinesText(inputs)}`],
    ["Where this differs from the paper's experiments", differencesText(inputs)],
    [
      "Accuracy",
      `The paper gives hard classes an extension of their own and asks the cloud about what the edge is not sure of. Sent is the share of frames that the cloud answers, at the bundle's own T.\n\n${accuracyTable(inputs)}`,
    ],
    [
      "Easy or hard",
      `Main's own answer tells easy frames from hard ones: a frame is called hard when the class that main says is. The authors' code holds a learned detector as well, switched off.
The last four columns are main's wrong answers, shares of all frames. The first two lead a frame the wrong way; the extension can mend only the last.\n\n${detectionTable(inputs)}`,
    ],
    ["Who answers", exitsTable(inputs)],
    [
      "Who should answer a frame called hard",
      `The paper's code takes the extension's answer, or the more confident of both. The other rules are ours: chosen, as T is, on held-out data.\n\n${rulesTable(inputs)}`,
    ],
    ["Accuracy, joules and bytes over T", curve.text],
    [
      "Hard classes",
      `Hard are the classes of lowest precision at main's exit. The authors' code comes with its list for ResNet-32 on CIFAR-100.\n\n${hardClassesText(inputs)}`,
    ],
    [
      "Parameters and multiply-accumulates",
      `Those of the paper's code are counted by us from its layers, batch normalisation as two a channel; its tables were not available.\n\n${blocksTable(inputs)}`,
    ],
    [
      "Memory of training",
      `The paper trains blocks one after the other so that an edge can. Frozen main keeps nothing for the way back.\n\n${memorySection(inputs.memory)}`,
    ],
    [
      "One thing changed at a time",
      `Every row takes the main of variant A and trains its own adaptive and extension block for 16 epochs, instead of the 40 of the runs above: so long all could be trained alike. The edge decides by the rule that was best in each, and beside it by the paper's; minutes are those of the training.\n\n${ablationsTable(inputs)}\n\n${ablationsText(inputs)}`,
    ],
    ["In int8", int8Section(inputs)],
    ["Again", againText()],
  ];
  const markdown = `# CIFAR-100

<!-- Made by \`npm run meanet -- results cifar-100\` from figures of runs. Do not edit: a test compares. -->

MEANet (Long, Chakraborty, Srinivasan, Roy: *Complexity-aware Adaptive Training and Inference for Edge-Cloud Distributed AI Systems*, ICDCS 2021, arXiv 2109.06440) on
CIFAR-100, as this code trains and answers it.

The tables of the paper were not available to us: no figure here is the paper's. What stands as the paper's is what its abstract, summaries of it and the authors' released
code say, in our words. Where a run has not been made, it says "not run yet"; where a run lacks a figure, "not measured".

${sections.map(([title, text]) => `## ${title}\n\n${text}`).join("\n\n")}
`;
  return { name, markdown, plots: curve.plots };
}

function machinesText({ runs }: Inputs): string {
  const names = new Set([
    ...variants.map((variant) => variantRuns[variant].name),
    ...ablations.map(({ name }) => name),
  ]);
  const machines = new Set(
    [...runs].filter(([name]) => names.has(name)).map(([, { manifest }]) => manifest.provenance.machine),
  );
  return machines.size === 0
    ? "Nothing was trained yet."
    : `Minutes are wall-clock time beside other work, on: ${[...machines].join("; ")}.`;
}

function differencesText(inputs: Inputs): string {
  const differences = [
    testSetText(inputs),
    "Held out are frames of the training set, as many of each class; they choose hard classes, T and decision rule. The authors' script for variant B holds none out: its choices and its best checkpoint are made on the test set.",
    ...variants.flatMap((variant) => {
      const run = inputs.runs.get(variantRuns[variant].name);
      return run === undefined ? [] : [scheduleText(variant, run)];
    }),
    "Main is frozen while adaptive and extension block learn, its weights and its statistics, as the paper's text has it; in the code's script for variant A the lines that freeze it are switched off.",
    "The cloud's network is far smaller than the ResNet-101 of the authors' code (sizes below): its accuracy bounds what sending can gain.",
    "Adaptive and extension block run only for frames called hard that stay; the authors' code runs the adaptive block for every frame. Joules count runs.",
    "An answer of the extension is scored after its index went back through the label dictionary. The authors' evaluation leaves easy frames that were led astray with their original index, which can match a hard index by accident.",
    "Frames are normalised by mean and deviation of the training set (0.5 and 0.5 in the authors' code); statistics of batch normalisation are taken anew after training.",
    "Joules are modelled, from multiply-accumulates and the radio; they say how ways to answer compare, not what a board draws.",
    "One seed each, and 5,000 frames held out: a difference of a few tenths of a point is within chance.",
  ];
  return differences.map((text) => `- ${text}`).join("\n");
}

function testSetText({ runs }: Inputs): string {
  const splits = variants.flatMap((variant) => {
    const run = runs.get(variantRuns[variant].name);
    return run === undefined ? [] : [reported(run.evaluations)?.split];
  });
  return splits.includes("held-out") || splits.length === 0
    ? "The official test set was not on the machine that trained: figures marked held-out are of the frames that hard classes, T and decision rule were chosen on, which flatters them. With the official `test.bin` the commands below add test figures."
    : "Figures of the official test set go first; no choice saw it.";
}

function scheduleText(variant: Variant, { manifest }: Run): string {
  const { parts, data } = manifest.provenance;
  return `Variant ${variant}: ${parts.main.epochs} epochs of main and ${parts.extension.epochs} of adaptive and extension block on ${whole(data.trainCount)} frames; the authors' scripts take 180 each, with steps at 60, 120 and 160.`;
}

function againText(): string {
  return `\`\`\`sh
# The data: https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz, md5 03b5dce01913d631647c71ecec9e9cb8 by its page, unpacked to DIR
cp models/zoo/${variantRuns.A.name}/cloud.onnx models/recipes/cifar100-cloud.onnx   # the cloud's network, or a new one: models/pytorch
npm run meanet -- train --recipe models/recipes/${variantRuns.A.name}.yaml --data DIR --out models/zoo/${variantRuns.A.name}
npm run meanet -- evaluate --bundle ${variantRuns.A.name} --data DIR --split test --save true   # the same with held-out
npm run meanet -- bundle quantize ${variantRuns.A.name} --data DIR --out models/zoo/${variantRuns.A.name}-int8
npm run meanet -- train --recipe models/recipes/ablations/${ablations[0]!.name}.yaml --data DIR --out /tmp/${ablations[0]!.name}
npm run meanet -- results record /tmp/${ablations[0]!.name}   # keeps its figures, not its models
npm run bench -- memory
npm run meanet -- results cifar-100
\`\`\``;
}
