import { stringify } from "yaml";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { evaluateTable } from "../evaluation/table.ts";
import type { Manifest } from "./manifest.ts";

/** `card.md`: what a bundle is, what it was made from, what it reaches, where its limits are. Every figure is from a run. */
export function bundleCard(
  manifest: Omit<Manifest, "schema" | "files">,
  evaluations: readonly Evaluation[],
  notes: readonly string[],
): string {
  const { provenance, blocks, input } = manifest;
  const { data, parts } = provenance;
  const hard = manifest.hardClasses.map((index) => manifest.classes[index]).join(", ");
  return `# ${manifest.name} ${manifest.version}

A MEANet bundle: main and extension for the edge, a larger network for the cloud.

- Input: image of ${input.shape.join(" x ")} bytes (channels, height, width), normalised as (byte/255 - mean)/std with mean ${input.mean.join(", ")} and std ${input.std.join(", ")}.
- Classes: ${manifest.classes.join(", ")}.
- Hard classes, hardest first: ${hard}. They have the lowest precision of main's answers on held-out data.
- The cloud is asked above an entropy of ${manifest.threshold.toFixed(3)} nats of main's answer. Who answers a frame that the extension ran for: \`${manifest.decision}\`. Both were chosen on held-out data.

| block | parameters | MACs a frame |
| ----- | ---------: | -----------: |
${Object.entries(blocks)
  .map(([name, { parameters, macs }]) => `| ${name} | ${parameters} | ${macs} |`)
  .join("\n")}

## Data

${data.name} (${data.licence}). ${data.trainCount} frames of the official training set were learned from; ${data.heldOutCount}, as many of each class, were held out
(seed ${data.splitSeed}): for hard classes, threshold and decision rule. No gradient and none of these choices saw the official test set.

## Training

| part | epochs | minutes | held-out accuracy |
| ---- | -----: | ------: | ----------------: |
${Object.entries(parts)
  .map(
    ([name, part]) =>
      `| ${name} | ${part.epochs} | ${(part.seconds / 60).toFixed(1)} | ${(100 * part.heldOutAccuracy).toFixed(2)} % |`,
  )
  .join("\n")}

The extension's accuracy is over frames of hard classes, main's and the cloud's over all. Minutes are wall-clock time on a shared
machine: ${provenance.machine}. Finished ${provenance.createdAt}. The recipe, complete with its defaults:

\`\`\`yaml
${stringify(provenance.recipe).trimEnd()}
\`\`\`

## Figures

${evaluations.map((evaluation) => evaluateTable(evaluation)).join("\n\n")}

Energy is modelled from multiply-accumulates and the radio's power model, bytes are those of the raw frame without the
transport's headers, and a frame that is sent costs the edge main and the upload.

## Limits

- Frames of another kind than the training data's are answered all the same: the networks know no "none of these".
- Entropy is not calibrated: at another light, background or camera the share of frames sent moves; watch it and set T anew.
- Figures are of one seed; no other was tried.
${notes.map((note) => `- ${note}\n`).join("")}`;
}
