import {
  addReference,
  drawReference,
  listBundles,
  loadBundle,
  type Manifest,
  type ModelInput,
  openFrames,
  type Quantization,
  readManifest,
  referencePerClass,
  resolveBundle,
  zooFolder,
} from "@meanet/models";
import { Command, Option } from "commander";
import { openBundleData, skipUnreadableText } from "../open-data.ts";
import { bytes } from "../quantity-text.ts";
import { textTable } from "../text-table.ts";
import { bundleCreateCommand } from "./bundle-create.ts";
import { positive, quantizeCommand } from "./bundle-quantize.ts";

export function bundleCommand(): Command {
  const list = new Command("list")
    .description("Lists the bundles of a folder.")
    .option("--folder <dir>", "folder that holds bundles", zooFolder)
    .option("--json", "print the manifests as one JSON array")
    .action(async (options: { folder: string; json?: boolean }) => {
      const bundles = await listBundles(options.folder);
      if (options.json) console.log(JSON.stringify(bundles.map(({ manifest }) => manifest)));
      else console.log(listText(bundles));
    });
  const show = new Command("show")
    .description("Shows what a bundle is: input, classes, threshold, costs, where it comes from.")
    .argument("<bundle>", "name in the zoo, or a folder")
    .option("--json", "print the manifest as JSON")
    .action(async (bundle: string, options: { json?: boolean }) => {
      const manifest = await readManifest(await resolveBundle(bundle));
      console.log(options.json ? JSON.stringify(manifest) : showText(manifest));
    });
  const verify = new Command("verify")
    .description("Checks every file of a bundle against the sha256 of its manifest.")
    .argument("<bundle>", "name in the zoo, or a folder")
    .action(async (bundle: string) => {
      const { dir, manifest } = await loadBundle(await resolveBundle(bundle));
      const files = Object.values(manifest.files).flatMap((entry) =>
        entry === undefined ? [] : [entry.file],
      );
      console.log(`${manifest.name}@${manifest.version} in ${dir}: ${files.join(", ")} match their sha256`);
    });
  const reference = new Command("reference")
    .description(
      "Adds labelled reference frames to a bundle, drawn from what its training held out: an edge that learns in service is judged by them.",
    )
    .argument("<bundle>", "name in the zoo, or a folder")
    .option(
      "--data <dir>",
      "folder of the official files, or of your own; left out: Debian's package, else the download",
    )
    .addOption(new Option("--from <dir>", "the former name of --data").conflicts("data").hideHelp())
    .option("--skip-unreadable", skipUnreadableText)
    .option(
      "--per-class <n>",
      "frames of each class; by default 100, and 5 where there are many classes",
      positive,
    )
    .action(
      async (bundle: string, { data, from = data, perClass: wanted, skipUnreadable }: ReferenceOptions) => {
        const dir = await resolveBundle(bundle);
        const manifest = await readManifest(dir);
        const { splitSeed } = manifest.provenance.data;
        const perClass = wanted ?? referencePerClass(manifest.classes.length);
        const { labelled, indices } = await openFrames(
          await openBundleData(manifest, { from, skipUnreadable }),
          "held-out",
          manifest,
        );
        const { manifest: after } = await addReference(
          dir,
          drawReference(labelled, indices, { perClass, seed: splitSeed }),
        );
        const { items, bytes: size } = after.files.reference!;
        console.log(`${after.name}@${after.version} in ${dir}: ${items} reference frames, ${bytes(size)}`);
      },
    );
  return new Command("bundle")
    .description("Lists, shows, verifies, completes, creates and quantises model bundles.")
    .addCommand(list)
    .addCommand(show)
    .addCommand(verify)
    .addCommand(reference)
    .addCommand(bundleCreateCommand())
    .addCommand(quantizeCommand());
}

interface ReferenceOptions {
  readonly data?: string;
  readonly from?: string;
  readonly perClass?: number;
  readonly skipUnreadable?: boolean;
}

function listText(bundles: readonly { readonly dir: string; readonly manifest: Manifest }[]): string {
  const head = ["bundle", "input", "classes", "hard", "threshold", "main MACs", "folder"];
  return textTable({
    head,
    rows: bundles.map(({ dir, manifest }) => [
      `${manifest.name}@${manifest.version}`,
      manifest.input.shape.join("x"),
      String(manifest.classes.length),
      String(manifest.hardClasses.length),
      nats(manifest.threshold),
      count(manifest.blocks.main.macs),
      dir,
    ]),
    right: [false, false, true, true, true, true, false],
    colour: process.stdout.isTTY === true,
  });
}

function showText(manifest: Manifest): string {
  const { input, blocks, files, provenance } = manifest;
  const { data } = provenance;
  const facts: [string, string][] = [
    ["bundle", `${manifest.name}@${manifest.version}`],
    ["input", `${inputText(input)}, mean ${input.mean.join(", ")}, std ${input.std.join(", ")}`],
    ["classes", manifest.classes.join(", ")],
    ["hard", manifest.hardClasses.map((index) => manifest.classes[index]).join(", ")],
    ["threshold", `${nats(manifest.threshold)}: above it the cloud is asked`],
    ["decision", decisionText(manifest)],
    [
      "files",
      Object.values(files)
        .map((entry) => `${entry?.file} ${bytes(entry?.bytes ?? 0)}`)
        .join(", "),
    ],
    ["data", `${data.name} (${data.licence}), ${data.trainCount} trained, ${data.heldOutCount} held out`],
    ...Object.entries(provenance.imported ?? {}).map(([part, { file, producer }]): [string, string] => [
      part,
      `${file}, made elsewhere (${producer})`,
    ]),
    ["made", `${provenance.createdAt} on ${provenance.machine}`],
    ...quantizationFacts(provenance.quantization),
  ];
  const costs = textTable({
    head: ["block", "parameters", "MACs a frame"],
    rows: Object.entries(blocks).map(([name, block]) => [
      name,
      count(block?.parameters ?? 0),
      count(block?.macs ?? 0),
    ]),
    right: [false, true, true],
    colour: process.stdout.isTTY === true,
  });
  return `${facts.map(([name, text]) => `${name.padEnd(9)}  ${text}`).join("\n")}\n${costs}`;
}

function quantizationFacts(quantization: Quantization | undefined): [string, string][] {
  if (quantization === undefined) return [];
  const { from, parts } = quantization;
  const faster = Object.entries(parts).map(
    ([part, { speed }]) => `${part} ${speed.ratio.toFixed(2)}x as fast`,
  );
  return [["int8", `of ${from.name}@${from.version}: ${faster.join(", ")}`]];
}

function inputText(input: ModelInput): string {
  if (input.kind === "image") return `image ${input.shape.join("x")}`;
  const [channels, readings] = input.shape;
  return `window of ${channels} channels x ${readings} readings, ${input.rateHz} Hz (${readings / input.rateHz} s)`;
}

function decisionText({ decision, fusionWeight, temperatures, notHard }: Manifest): string {
  return [
    decision,
    ...(fusionWeight === undefined ? [] : [`w ${fusionWeight}`]),
    ...(temperatures === undefined
      ? []
      : [`temperatures ${temperatures.main} of main and ${temperatures.extension} of the extension`]),
    ...(notHard ? ['the extension may answer "not hard"'] : []),
  ].join(", ");
}

function nats(value: number): string {
  return `${value.toFixed(3)} nats`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}
