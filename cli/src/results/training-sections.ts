/** Sections of what was trained: runs, hard classes, sizes of blocks, memory. */
import type { Inputs, Run, TrainingMemoryReport } from "./inputs.ts";
import { mega, mib, notRun, percent, table, whole } from "./markdown.ts";
import { ablations, type Variant, variantRuns, variants } from "./planned-runs.ts";
import { publishedBlocks, publishedCloud, publishedHardClasses } from "./published.ts";

export function runsTable({ runs }: Inputs): string {
  return table(
    ["run", "data learned from / held out", "seed", "main", "extension", "cloud", "finished"],
    [...variants.map((variant) => variantRuns[variant]), ...ablations].map(({ name }) => [
      `\`${name}\``,
      ...runCells(runs.get(name)),
    ]),
  );
}

function runCells(run: Run | undefined): string[] {
  if (run === undefined) return Array.from({ length: 6 }, () => notRun);
  const { data, parts, createdAt, mainFrom, imported = {} } = run.manifest.provenance;
  const spent = (part: { epochs: number; seconds: number } | undefined) =>
    part === undefined ? "none" : `${part.epochs} epochs, ${(part.seconds / 60).toFixed(0)} min`;
  return [
    `${whole(data.trainCount)} / ${whole(data.heldOutCount)}`,
    String(data.splitSeed),
    mainFrom === undefined ? spent(parts.main) : `of ${mainFrom}`,
    spent(parts.extension),
    imported.cloud === undefined ? spent(parts.cloud) : `made elsewhere: \`${imported.cloud.file}\``,
    createdAt.slice(0, 10),
  ];
}

/** By variant: how many of our hard classes are among those of the released code. */
export function hardClassesText({ runs }: Inputs): string {
  return variants
    .map((variant) => {
      const run = runs.get(variantRuns[variant].name);
      return run === undefined ? `- Variant ${variant}: ${notRun}.` : overlapText(variant, run);
    })
    .join("\n");
}

function overlapText(variant: Variant, { manifest }: Run): string {
  const { hardClasses, classes } = manifest;
  const published = new Set(publishedHardClasses);
  const names = (indices: readonly number[]) => indices.map((index) => classes[index]).join(", ");
  const shared = hardClasses.filter((index) => published.has(index));
  const own = hardClasses.filter((index) => !published.has(index));
  // Two independent draws share so many on average.
  const chance = (hardClasses.length * published.size) / classes.length;
  return `- Variant ${variant}: **${shared.length} of our ${hardClasses.length}** are among the code's ${published.size}; two lists drawn at random would share ${chance.toFixed(0)}.
  Both: ${names(shared)}. Ours alone: ${names(own)}.`;
}

/** Counted from the recipe where nothing was trained by it yet: sizes need no training. */
export function blocksTable({ runs, recipes }: Inputs): string {
  const cells = (block: { parameters: number; macs: number } | undefined) =>
    block === undefined ? ["no recipe yet", "no recipe yet"] : [whole(block.parameters), mega(block.macs)];
  const rows = variants.flatMap((variant) => {
    const { name } = variantRuns[variant];
    const ours = runs.get(name)?.manifest.blocks ?? recipes.get(name);
    return [
      ...(["main", "adaptive", "extension"] as const).map((block) => [
        `${variant}, ${block}`,
        ...cells(ours?.[block]),
        ...cells(publishedBlocks[variant][block]),
      ]),
      [`${variant}, cloud`, ...cells(ours?.cloud), ...cells(publishedCloud)],
    ];
  });
  return table(
    ["block", "parameters, here", "MACs, here", "parameters, paper's code", "MACs, paper's code"],
    rows,
  );
}

export function memorySection(memory: TrainingMemoryReport | undefined): string {
  if (memory === undefined) return `Memory: ${notRun}.`;
  const { cases, command, machine, batch } = memory;
  const bytesOf = (name: string) => cases.find((given) => given.name === name);
  const ratio = (own: (typeof cases)[number], other: string, figure: "measured" | "computed") => {
    const base = bytesOf(other);
    if (base === undefined) return "–";
    return figure === "measured"
      ? percent(own.measuredBytes / base.measuredBytes, 0)
      : percent(own.computed.total / base.computed.total, 0);
  };
  const rows = cases.map((given) => {
    const endToEnd = given.name.replace("block-wise", "end-to-end");
    return [
      given.name,
      given.what,
      mib(given.measuredBytes),
      endToEnd === given.name ? "–" : ratio(given, endToEnd, "measured"),
      mib(given.computed.total),
      endToEnd === given.name ? "–" : ratio(given, endToEnd, "computed"),
      mib(given.computed.activations),
    ];
  });
  const plain = (["A", "B"] as const)
    .flatMap((variant) => {
      const own = bytesOf(`block-wise ${variant}`);
      return own === undefined
        ? []
        : [
            `variant ${variant} ${ratio(own, "plain ResNet-32", "measured")} measured and ${ratio(own, "plain ResNet-32", "computed")} computed`,
          ];
    })
    .join("; ");
  return `${table(
    [
      "case",
      "what is trained",
      "measured",
      "of end-to-end",
      "computed",
      "of end-to-end",
      "of it activations",
    ],
    rows,
    2,
  )}

Against plain ResNet-32, which is smaller than a whole MEANet, block by block takes: ${plain}.

Measured: \`${command}\` on ${machine.cores} x ${machine.cpu}, ONNX Runtime ${machine.versions["onnxruntime-node"]}. One training step, batch ${batch}, a process per case:
the most that was resident (\`VmHWM\`) less what was resident before the step was opened. Computed: weights, gradients and momentum of what is trained, weights of what is frozen, and the values
of the forward pass that the way back reads again, in float32. The measured figures hold what the runtime takes besides: its copy of the graph,
and the shifted maps of the weight gradients of one layer. End-to-end trains main, adaptive and extension block as one graph by the loss of the last exit, the only one that the authors' code sends back.`;
}
