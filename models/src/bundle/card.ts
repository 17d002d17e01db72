import { stringify } from "yaml";
import { termsInWords } from "../data/terms.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { evaluateTable } from "../evaluation/table.ts";
import { quantizationSection } from "../quantization/report.ts";
import type { Manifest, ModelInput } from "./manifest.ts";

/** `card.md`: what a bundle is, what it was made from, what it reaches, where its limits are. Every figure is from a run. */
export function bundleCard(
  manifest: Omit<Manifest, "schema" | "files">,
  evaluations: readonly Evaluation[],
  notes: readonly string[],
): string {
  const { provenance, blocks } = manifest;
  const { data, parts } = provenance;
  return `# ${manifest.name} ${manifest.version}

A MEANet bundle: main and extension for the edge, ${blocks.cloud === undefined ? "and no network for the cloud" : "a larger network for the cloud"}.

- Input: ${inputLine(manifest.input)}.
- Classes: ${manifest.classes.join(", ")}.
- ${hardClassesText(manifest)}
- The cloud is asked above an entropy of ${manifest.threshold.toFixed(3)} nats of main's answer. Who answers a frame that the extension ran for: ${decisionText(manifest)}

| block | parameters | MACs a frame |
| ----- | ---------: | -----------: |
${Object.entries(blocks)
  .map(([name, block]) => `| ${name} | ${block?.parameters} | ${block?.macs} |`)
  .join("\n")}

## Data

${data.name} (${data.licence}). ${data.trainCount} frames of the official training set were learned from; ${data.heldOutCount}, ${heldOutLine(data)}, were held out
(seed ${data.splitSeed}): for hard classes, threshold and decision rule with its numbers. No gradient ${provenance.imported === undefined ? "" : "of this training "}and none of these choices saw the official test set.
${termsText(data.licence)}${importedText(manifest)}
## Training

| part | epochs | minutes | held-out accuracy |
| ---- | -----: | ------: | ----------------: |
${Object.entries(parts)
  .map(
    ([name, part]) =>
      part &&
      `| ${name} | ${part.epochs} | ${(part.seconds / 60).toFixed(1)} | ${(100 * part.heldOutAccuracy).toFixed(2)} % |`,
  )
  .join("\n")}
${provenance.mainFrom === undefined ? "" : `\nMain is that of ${provenance.mainFrom}, where it was trained.\n`}
The extension's accuracy is over ${manifest.notHard ? "all frames, those of easy classes as one target more" : "frames of hard classes"}, main's and the cloud's over all. Minutes are wall-clock time on a shared
machine: ${provenance.machine}. Finished ${provenance.createdAt}. The recipe, complete with its defaults:

\`\`\`yaml
${stringify(provenance.recipe).trimEnd()}
\`\`\`

${quantizationSection(provenance.quantization)}## Figures

${evaluations.map((evaluation) => evaluateTable(evaluation)).join("\n\n")}

Energy is modelled from multiply-accumulates and the radio's power model, bytes are those of the raw frame without the
transport's headers, and a frame that is sent costs the edge main and the upload.

## Limits

- Frames of another kind than the training data's are answered all the same: the networks know no "none of these".
- Entropy is not calibrated: ${elsewhere[manifest.input.kind]} the share of frames sent moves; watch it and set T anew.
- Figures are of one seed; no other was tried.
${notes.map((note) => `- ${note}\n`).join("")}`;
}

function termsText(licence: string): string {
  const terms = termsInWords(licence);
  return terms === undefined ? "" : `\n${terms}\n`;
}

function importedText({ provenance: { imported = {} } }: Described): string {
  const lines = Object.entries(imported).map(
    ([part, origin]) =>
      `- ${part} is \`${origin.file}\` (sha256 ${origin.sha256.slice(0, 16)}…), written by ${origin.producer || "an unnamed exporter"}, cut at ${Object.entries(
        origin.tensors,
      )
        .map(([name, tensor]) => `\`${tensor}\` (${name})`)
        .join(" and ")}.`,
  );
  if (lines.length === 0) return "";
  return `
Made elsewhere, and not trained here:

${lines.join("\n")}

What these networks learned from is not known here. Where they saw the frames held out, figures on those frames, and the choices made on
them, are flattered; where they saw the official test set, those of the test set too.
`;
}

type Described = Omit<Manifest, "schema" | "files">;

function hardClassesText({ hardClasses, classes, notHard, provenance }: Described): string {
  const names = hardClasses.map((index) => classes[index]).join(", ");
  const text =
    provenance.recipe.hardClassRule === "random"
      ? `Hard classes: ${names}. They were drawn at random, to be compared with those of lowest precision.`
      : `Hard classes, hardest first: ${names}. They have the lowest precision of main's answers on held-out data.`;
  return notHard ? `${text} The extension may also answer "not hard", which leaves main's answer.` : text;
}

/** What was fitted and on what: figures on the frames that a choice was made on flatter it. */
function decisionText({ decision, fusionWeight, temperatures }: Described): string {
  const weight = fusionWeight === undefined ? "" : ` with w = ${fusionWeight}`;
  const calibration =
    temperatures === undefined
      ? ""
      : `, with logits divided by ${temperatures.main} (main) and ${temperatures.extension} (extension) before confidences are compared or joined`;
  return `\`${decision}\`${weight}${calibration}. Threshold, rule, w and temperatures were fitted on held-out data: figures on those frames flatter them, those on the test set do not.`;
}

const elsewhere = {
  image: "at another light, background or camera",
  window: "with other wearers, sensors or another place on the body",
} as const;

function inputLine(input: ModelInput): string {
  const moments = `mean ${input.mean.join(", ")} and std ${input.std.join(", ")}`;
  const shape = input.shape.join(" x ");
  return input.kind === "image"
    ? `image of ${shape} bytes (channels, height, width), normalised as (byte/255 - mean)/std with ${moments}`
    : `window of ${shape} readings (channels, time) at ${input.rateHz} Hz, normalised as (value - mean)/std with ${moments}`;
}

function heldOutLine({ heldOutSubjects }: Manifest["provenance"]["data"]): string {
  return heldOutSubjects === undefined
    ? "as many of each class"
    : `all those of subjects ${heldOutSubjects.join(", ")}`;
}
