/**
 * A bundle → its int8 variant:
 *
 *     main ─▶ extension, on what int8 main calls hard ─▶ cloud ─▶ figures of both bundles ─▶ speed ─▶ bundle `{name}-int8`
 *
 * Ranges come from training frames, choices from held-out frames; the test set only fills the card.
 */
import { createHash } from "node:crypto";
import type { TensorViews } from "@meanet/inference";
import { MeanetError } from "@meanet/runtime";
import {
  type Bundle,
  type BundleContent,
  type BundlePart,
  bundleParts,
  writeBundle,
} from "../bundle/bundle.ts";
import { bundleCard } from "../bundle/card.ts";
import { makeGolden } from "../bundle/golden.ts";
import type { Manifest, Quantization } from "../bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { type Evaluation, evaluate } from "../evaluation/evaluate.ts";
import { type Frames, predictEdge, predictPlain } from "../evaluation/predict.ts";
import { accuracyOf, scoreFrames, share } from "../evaluation/score.ts";
import { machine } from "../machine.ts";
import { argmax, decisionOf } from "../routing.ts";
import {
  type BundleFrames,
  extensionFeeds,
  firstFrames,
  frameFeeds,
  openBundleFrames,
} from "./bundle-frames.ts";
import { chooseVariant, type TriedVariant } from "./choose-variant.ts";
import { calibrateModel, canQuantize, type QuantizedModel } from "./quantize-model.ts";
import { measureSpeed } from "./speed.ts";
import type { Variant } from "./variants.ts";

export interface QuantizeOptions {
  /** The folder of the new bundle; what is there is replaced. */
  readonly out: string;
  /** What the bundle was trained on, its training part at least. */
  readonly data: Dataset;
  /** Calibration frames. Default 500. */
  readonly frames?: number | undefined;
  /** Models to quantise; the others stay as they are. Default: all that gain by it. */
  readonly parts?: readonly BundlePart[] | undefined;
  readonly onProgress?: ((progress: QuantizeProgress) => void) | undefined;
}

export type QuantizeProgress =
  | ({ readonly kind: "tried"; readonly part: BundlePart; readonly float32: number } & TriedVariant)
  | { readonly kind: "evaluating" }
  | { readonly kind: "timing"; readonly part: BundlePart };

/** Frames that `golden.json` keeps. */
const GOLDEN_FRAMES = 4;

/**
 * Another processor may round a sum to the neighbouring byte, and later layers carry that on. Measured between ONNX Runtime's
 * integer kernels and its float32 ones on the same file: 0.03 of a logit, 0.11 of F1. The 1e-3 of float32 would refuse good machines.
 */
const GOLDEN_TOLERANCE = 0.2;

/**
 * Writes the int8 variant of a bundle: same input, classes, threshold and decision rule.
 *
 * @throws {MeanetError} QUANTIZATION_REFUSED, DATASET_MISSING, DATASET_CORRUPT, INPUT_KIND_UNSUPPORTED, MODEL_INVALID
 */
export async function quantizeBundle(source: Bundle, options: QuantizeOptions): Promise<Bundle> {
  const parts = partsOf(source, options.parts);
  const frames = await openBundleFrames(source.manifest, options.data, options.frames ?? 500);
  const chosen = await quantizeParts(source, parts, frames, options);
  const { reference, ...sourceFiles } = source.files;
  const files = {
    ...sourceFiles,
    ...Object.fromEntries([...chosen].map(([part, { model }]) => [part, model])),
  };
  const manifest = renamed(source.manifest);

  options.onProgress?.({ kind: "evaluating" });
  const splits = (await options.data.has("test")) ? (["test", "held-out"] as const) : (["held-out"] as const);
  const after: Evaluation[] = [];
  const accuracy: Partial<Record<(typeof splits)[number], Quantization["accuracy"]["heldOut"]>> = {};
  for (const split of splits) {
    const int8 = await evaluate({ manifest, files }, options.data, split);
    after.push(int8);
    accuracy[split] = {
      float32: answersRight(await evaluate(source, options.data, split)),
      int8: answersRight(int8),
    };
  }

  const { test } = accuracy;
  const quantization: Quantization = {
    form: "qdq-u8-s8",
    from: {
      name: source.manifest.name,
      version: source.manifest.version,
      sha256: shaOf(source.files),
    },
    calibration: {
      frames: frames.calibration.indices.length,
      seed: source.manifest.provenance.data.splitSeed,
    },
    parts: await describeParts(source, chosen, frames.heldOut, options),
    accuracy: { heldOut: accuracy["held-out"]!, ...(test === undefined ? {} : { test }) },
    machine: machine(),
    createdAt: new Date().toISOString(),
  };
  const described = { ...manifest, provenance: { ...manifest.provenance, quantization } };
  const golden = await makeGolden(files, firstFrames(frames.heldOut, GOLDEN_FRAMES), GOLDEN_TOLERANCE);
  return writeBundle(options.out, {
    manifest: described,
    files,
    reference: reference && { bytes: reference, items: source.manifest.files.reference!.items },
    beside: {
      "golden.json": `${JSON.stringify(golden, undefined, 1)}\n`,
      "evaluation.json": `${JSON.stringify(after, undefined, 1)}\n`,
      "card.md": bundleCard(described, after, notesOf(source.manifest)),
    },
  });
}

type Chosen = Map<BundlePart, Variant & QuantizedModel>;

function partsOf({ manifest, files }: Bundle, wanted: readonly BundlePart[] | undefined): Set<BundlePart> {
  if (manifest.provenance.quantization !== undefined) {
    const { from } = manifest.provenance.quantization;
    throw new MeanetError(
      "QUANTIZATION_REFUSED",
      `${manifest.name} is int8 already; quantise the bundle that it was made from, ${from.name} ${from.version}`,
      { bundle: manifest.name },
    );
  }
  const present = bundleParts.filter((part) => files[part] !== undefined);
  const missing = wanted?.filter((part) => !present.includes(part)) ?? [];
  if (missing.length > 0 || wanted?.length === 0) {
    throw new MeanetError(
      "QUANTIZATION_REFUSED",
      `${manifest.name} has ${present.join(", ")}; expected parts among these, received ${wanted?.join(", ") || "none"}`,
      { bundle: manifest.name, missing },
    );
  }
  if (wanted !== undefined) return new Set(wanted);
  const fitting = present.filter((part) => canQuantize(files[part]!));
  // Of nothing fitting, the first names the reason when it is tried.
  return new Set(fitting.length > 0 ? fitting : present);
}

async function quantizeParts(
  { manifest, files }: Bundle,
  parts: ReadonlySet<BundlePart>,
  { calibration, heldOut }: BundleFrames,
  { onProgress }: QuantizeOptions,
): Promise<Chosen> {
  const chosen: Chosen = new Map();
  const labels = Array.from(heldOut.indices, (index) => heldOut.labelled.labels[index]!);
  const choose = async (
    part: BundlePart,
    feeds: Parameters<typeof calibrateModel>[1],
    accuracyWith: (model: Uint8Array) => Promise<number>,
  ) => {
    const model = files[part]!;
    const float32 = await accuracyWith(model);
    const tell = (tried: TriedVariant) => onProgress?.({ kind: "tried", part, float32, ...tried });
    chosen.set(part, await chooseVariant(await calibrateModel(model, feeds), accuracyWith, float32, tell));
  };
  const plainAccuracy = async (model: Uint8Array, output: string) => {
    const predicted = (await predictPlain(model, output, heldOut)).map(argmax);
    return share([...predicted.keys()], (index) => predicted[index] === labels[index]);
  };

  if (parts.has("main")) {
    await choose(
      "main",
      () => frameFeeds(calibration),
      (model) => plainAccuracy(model, "y1"),
    );
  }
  if (parts.has("extension")) {
    const { hardClasses } = manifest;
    const main = chosen.get("main")?.model ?? files.main;
    await choose("extension", await extensionFeeds(main, hardClasses, calibration), async (extension) => {
      const edge = await predictEdge({ main, extension, hardClasses }, heldOut);
      return accuracyOf(scoreFrames({ labels, edge, ...decisionOf(manifest) }), "edgeClass").accuracy;
    });
  }
  if (parts.has("cloud")) {
    await choose(
      "cloud",
      () => frameFeeds(calibration),
      (model) => plainAccuracy(model, "y"),
    );
  }
  return chosen;
}

/** What was chosen for each part, its size and its speed. */
async function describeParts(
  { manifest, files }: Bundle,
  chosen: Chosen,
  heldOut: Frames,
  { onProgress }: QuantizeOptions,
): Promise<Quantization["parts"]> {
  const one = firstFrames(heldOut, 1);
  const parts: Quantization["parts"] = {};
  for (const [part, { model, method, kept, integer, float }] of chosen) {
    onProgress?.({ kind: "timing", part });
    const before = files[part]!;
    const feeds = part === "extension" ? await oneHardFrame(files.main, manifest, heldOut) : { x: one };
    parts[part] = {
      method,
      kept,
      integer: { ...integer },
      float: { ...float },
      bytes: { float32: before.length, int8: model.length },
      speed: await measureSpeed(before, model, feeds),
    };
  }
  return parts;
}

/** One frame of a hard class that main calls hard, with its F1. */
async function oneHardFrame(
  main: Uint8Array,
  { hardClasses }: Manifest,
  heldOut: Frames,
): Promise<TensorViews> {
  const { labels } = heldOut.labelled;
  const hard = heldOut.indices.filter((index) => hardClasses.includes(labels[index]!)).subarray(0, 20);
  const feeds = await extensionFeeds(main, hardClasses, { ...heldOut, indices: hard });
  const [batch] = feeds();
  return Object.fromEntries(
    Object.entries(batch!).map(([name, { data, dims }]) => [
      name,
      { data: data.slice(0, data.length / dims[0]!), dims: [1, ...dims.slice(1)] },
    ]),
  );
}

function renamed(manifest: Manifest): BundleContent["manifest"] {
  const { schema: _schema, files: _files, ...rest } = manifest;
  return { ...rest, name: `${manifest.name}-int8` };
}

function answersRight({ main, edge, cloud }: Evaluation): Quantization["accuracy"]["heldOut"]["int8"] {
  return {
    main: main.accuracy,
    edge: edge.accuracy,
    ...(cloud === undefined ? {} : { cloud: cloud.accuracy }),
  };
}

function shaOf(files: Bundle["files"]): Quantization["from"]["sha256"] {
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return {
    main: sha256(files.main),
    extension: sha256(files.extension),
    ...(files.cloud === undefined ? {} : { cloud: sha256(files.cloud) }),
  };
}

function notesOf({ provenance }: Manifest): readonly string[] {
  const { notes } = provenance.recipe;
  return Array.isArray(notes) ? notes.filter((note) => typeof note === "string") : [];
}
