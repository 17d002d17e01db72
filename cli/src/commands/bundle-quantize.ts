import {
  type Bundle,
  type BundlePart,
  bundleParts,
  loadBundle,
  type Quantization,
  type QuantizeProgress,
  quantizationTable,
  quantizeBundle,
  resolveBundle,
} from "@meanet/models";
import { Command, InvalidArgumentError } from "commander";
import { openBundleData, skipUnreadableText } from "../open-data.ts";
import { tellReferenceHint } from "../reference-hint.ts";

interface Options {
  readonly out: string;
  readonly data?: string;
  readonly skipUnreadable?: boolean;
  readonly frames: number;
  readonly parts?: readonly BundlePart[];
  readonly json?: boolean;
}

export function quantizeCommand(): Command {
  return new Command("quantize")
    .description(
      "Makes the int8 variant of a bundle, without training: about a third of the size, and faster where the processor multiplies bytes.",
    )
    .argument("<bundle>", "name in the zoo, or a folder")
    .requiredOption("--out <dir>", "folder of the new bundle; a bundle that is there is replaced")
    .option("--data <dir>", "folder of the data set; left out: Debian's package, else the download")
    .option("--skip-unreadable", skipUnreadableText)
    .option("--frames <count>", "training frames whose values give the ranges", positive, 500)
    .option(
      "--parts <list>",
      `models to quantise, of ${bundleParts.join(",")}; left out: all that gain by it`,
      partList,
    )
    .option("--json", "print what was done as one JSON object on the last line")
    .addHelpText(
      "after",
      `
Activations become unsigned bytes, weights signed bytes with a scale for each channel. How ranges are chosen, and whether the first
and last layer stay float32, is decided on held-out frames. The table at the end tells accuracy, bytes and milliseconds before
and after. Convolutions of fewer than 16 channels are slower in int8 and stay float32; a model of nothing else stays as it is.`,
    )
    .action(runQuantize);
}

async function runQuantize(name: string, options: Options): Promise<void> {
  const source = await loadBundle(await resolveBundle(name));
  const data = await openBundleData(source.manifest, {
    from: options.data,
    skipUnreadable: options.skipUnreadable,
  });
  const bundle = await quantizeBundle(source, {
    out: options.out,
    data,
    frames: options.frames,
    parts: options.parts,
    onProgress: (progress) => console.error(progressLine(progress)),
  });
  const quantization = bundle.manifest.provenance.quantization!; // what quantizeBundle wrote
  if (options.json) console.log(JSON.stringify({ dir: bundle.dir, ...quantization }));
  else console.log(resultText(bundle, quantization));
  if (source.files.reference !== undefined && !quantization.parts.extension) tellReferenceHint(data, bundle);
}

function progressLine(progress: QuantizeProgress): string {
  if (progress.kind === "evaluating") return "evaluating both bundles";
  if (progress.kind === "timing") return `timing ${progress.part}`;
  const { part, method, kept, accuracy, float32 } = progress;
  const ends = kept === "none" ? "all int8" : `float32 ends: ${kept}`;
  return `${part}, ${method}, ${ends}: ${percent(accuracy)} of held-out frames right, float32 ${percent(float32)}`;
}

function resultText({ dir, manifest }: Bundle, quantization: Quantization): string {
  const slower = Object.entries(quantization.parts).flatMap(([part, { speed }]) =>
    speed.ratio < 1 ? [part] : [],
  );
  const advice =
    slower.length === 0
      ? ""
      : `\n\nSlower in int8 here: ${slower.join(", ")}. Leave what is slower as it is: name the others with --parts.`;
  return `${quantizationTable(quantization)}\n\n${manifest.name}@${manifest.version} in ${dir}${advice}`;
}

export function positive(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("expected a whole number above 0.");
}

function partList(text: string): BundlePart[] {
  return text.split(",").map((name) => {
    const part = bundleParts.find((known) => known === name.trim());
    if (part === undefined) throw new InvalidArgumentError(`expected some of ${bundleParts.join(",")}.`);
    return part;
  });
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}
