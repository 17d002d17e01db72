/**
 * A bundle → its int8 variant:
 *
 *     main ─▶ extension, on what int8 main calls hard ─▶ cloud ─▶ figures of both bundles ─▶ speed ─▶ bundle `{name}-int8`
 *
 * Ranges come from training frames, choices from held-out frames; the test set only fills the card.
 */
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
import { goldenInput } from "../bundle/golden-input.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { requireBundlePlace } from "../bundle/place.ts";
import type { Dataset } from "../data/dataset.ts";
import { type Evaluation, evaluate } from "../evaluation/evaluate.ts";
import { machine } from "../machine.ts";
import { openBundleFrames } from "./bundle-frames.ts";
import { chooseParts } from "./choose-parts.ts";
import { describeParts } from "./describe-parts.ts";
import type { QuantizeProgress } from "./progress.ts";
import type { Quantization } from "./provenance.ts";
import { canQuantize } from "./quantize-model.ts";

export interface QuantizeOptions {
  /** The folder of the new bundle; a bundle that is there is replaced. */
  readonly out: string;
  /** What the bundle was trained on, its training part at least. */
  readonly data: Dataset;
  /** Calibration frames. Default 500. */
  readonly frames?: number | undefined;
  /** Models to quantise; the others stay as they are. Default: all that gain by it. */
  readonly parts?: readonly BundlePart[] | undefined;
  readonly onProgress?: ((progress: QuantizeProgress) => void) | undefined;
}

/**
 * Another processor may round a sum to the neighbouring byte, and later layers carry that on. Measured between ONNX Runtime's
 * integer kernels and its float32 ones on the same file: 0.03 of a logit, 0.11 of F1. The 1e-3 of float32 would refuse good machines.
 */
const GOLDEN_TOLERANCE = 0.2;

/**
 * Writes the int8 variant of a bundle: same input, classes, threshold and decision rule. It holds frames of the data only where they
 * may be passed on.
 *
 * @throws {MeanetError} QUANTIZATION_REFUSED, BUNDLE_PLACE_REFUSED, DATASET_MISSING, DATASET_CORRUPT, INPUT_KIND_UNSUPPORTED, MODEL_INVALID
 */
export async function quantizeBundle(source: Bundle, options: QuantizeOptions): Promise<Bundle> {
  await requireBundlePlace(options.out);
  const parts = partsOf(source, options.parts);
  const frames = await openBundleFrames(source.manifest, options.data, options.frames ?? 500);
  const chosen = await chooseParts(source, parts, frames, options.onProgress);
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
      sha256: shaOf(source.manifest),
    },
    calibration: {
      frames: frames.calibration.indices.length,
      seed: source.manifest.provenance.data.splitSeed,
    },
    parts: await describeParts(source, chosen, frames.heldOut, options.onProgress),
    accuracy: { heldOut: accuracy["held-out"]!, ...(test === undefined ? {} : { test }) },
    machine: machine(),
    createdAt: new Date().toISOString(),
  };
  const described = { ...manifest, provenance: { ...manifest.provenance, quantization } };
  const x = goldenInput(options.data, frames.heldOut, manifest.provenance.data.splitSeed);
  const golden = await makeGolden(files, x, GOLDEN_TOLERANCE);
  return writeBundle(options.out, {
    manifest: described,
    files,
    // For edges that train the extension in service, which needs it in float32.
    ...(reference === undefined || chosen.has("extension") || !options.data.redistributable
      ? {}
      : { reference: { bytes: reference, items: source.manifest.files.reference!.items } }),
    beside: {
      "golden.json": `${JSON.stringify(golden, undefined, 1)}\n`,
      "evaluation.json": `${JSON.stringify(after, undefined, 1)}\n`,
      "card.md": bundleCard(described, after, notesOf(source.manifest)),
    },
  });
}

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

function shaOf({ files: { main, extension, cloud } }: Manifest): Quantization["from"]["sha256"] {
  return {
    main: main.sha256,
    extension: extension.sha256,
    ...(cloud === undefined ? {} : { cloud: cloud.sha256 }),
  };
}

function notesOf({ provenance }: Manifest): readonly string[] {
  const { notes } = provenance.recipe;
  return Array.isArray(notes) ? notes.filter((note) => typeof note === "string") : [];
}
