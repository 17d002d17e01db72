/**
 * From a recipe to a bundle:
 *
 *     main ─▶ hard classes, by precision on held-out frames ─▶ extension, main frozen ─▶ cloud ─▶ rule and threshold ─▶ bundle
 *
 * Main may be that of another bundle, main and the cloud's network may be ONNX files made elsewhere, and the cloud's may be left out.
 *
 * Held-out frames decide everything; the official test set only fills the card.
 */
import { type Bundle, type BundleContent, type BundlePart, writeBundle } from "../bundle/bundle.ts";
import { bundleCard } from "../bundle/card.ts";
import { makeGolden } from "../bundle/golden.ts";
import { goldenInput } from "../bundle/golden-input.ts";
import { requireBundlePlace } from "../bundle/place.ts";
import { drawReference, encodeReference, referencePerClass } from "../bundle/reference.ts";
import type { Dataset } from "../data/dataset.ts";
import { evaluate } from "../evaluation/evaluate.ts";
import { predictEdge, predictPlain } from "../evaluation/predict.ts";
import { machine } from "../machine.ts";
import { count, countExtension, extensionBehind } from "../networks/index.ts";
import { argmax } from "../routing.ts";
import { choose } from "./choose.ts";
import { classPrecision, hardestClasses, randomClasses } from "./hard-classes.ts";
import { type Imported, importParts, readForeign } from "./imported.ts";
import { mainFrom } from "./main-from.ts";
import { type Training, trainCloud, trainExtension, trainedMain, trainMain } from "./parts.ts";
import { prepare } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import type { TrainOptions } from "./train-options.ts";

/**
 * Trains a bundle, or goes on where a training stopped. The bundle holds frames of the data only where they may be passed on.
 *
 * @throws {MeanetError} TRAINING_ABORTED, TRAINING_FAILED, CHECKPOINT_MISMATCH, CHECKPOINT_UNWRITABLE, RECIPE_INVALID, DATASET_MISSING, DATASET_CORRUPT;
 * RECIPE_MISMATCH when main is another bundle's that does not fit; MODEL_INVALID, MODEL_UNSUPPORTED, MODEL_UNFIT, TENSOR_UNKNOWN when a
 * network made elsewhere does not; BUNDLE_PLACE_REFUSED, before anything is trained
 */
export async function train(recipe: Recipe, options: TrainOptions): Promise<Bundle> {
  await requireBundlePlace(options.out);
  const foreign = await readForeign(recipe, options.folder ?? ".", ["main", "cloud"]);
  const training = await prepare(recipe, options, foreign.main);
  // Faults in it show now, before hours of training, not when the bundle is measured on it.
  if (await options.data.has("test")) await options.data.read("test");
  const taken = await takenMain(training, options.data);
  const imported = await importParts(training, foreign);
  const main = imported.main ?? taken ?? (await trainMain(training));
  const hardClasses = await hardClassesOf(training, main);
  const extension = await trainExtension(training, main, hardClasses);
  const cloud = imported.cloud ?? (recipe.cloud === undefined ? undefined : await trainCloud(training));

  const { split, input } = training;
  const heldOut = heldOutOf(training);
  const edge = await predictEdge({ main: main.onnx, extension: extension.onnx, hardClasses }, heldOut);
  const { settings, threshold, fit } = choose(heldOut.labels, edge, hardClasses, recipe.decision);
  const { fusionWeight, temperatures } = settings;
  const manifest: BundleContent["manifest"] = {
    name: recipe.name,
    version: recipe.version,
    input,
    classes: options.data.classes,
    hardClasses,
    threshold,
    decision: settings.rule,
    ...(fusionWeight === undefined ? {} : { fusionWeight }),
    ...(temperatures === undefined ? {} : { temperatures }),
    ...(recipe.edge.notHard ? { notHard: true } : {}),
    blocks: blocksOf(recipe, imported),
    provenance: {
      data: {
        name: options.data.name,
        licence: options.data.licence,
        trainCount: split.train.length,
        heldOutCount: split.heldOut.length,
        ...(split.heldOutSubjects === undefined ? {} : { heldOutSubjects: split.heldOutSubjects }),
        splitSeed: recipe.seed,
      },
      recipe: JSON.parse(JSON.stringify(recipe)),
      parts: {
        main: main.history,
        extension: extension.history,
        ...(cloud === undefined ? {} : { cloud: cloud.history }),
      },
      ...(taken === undefined ? {} : { mainFrom: taken.source }),
      ...importedFrom(imported),
      rules: fit,
      machine: machine(),
      createdAt: new Date().toISOString(),
    },
  };
  const files = {
    main: main.onnx,
    extension: extension.onnx,
    ...(cloud === undefined ? {} : { cloud: cloud.onnx }),
  };
  return writeBundle(options.out, {
    manifest,
    files,
    reference: options.data.redistributable ? referenceOf(training) : undefined,
    single: (["main", "cloud"] as const).filter((part) => imported[part]?.batch === 1),
    beside: await texts(manifest, files, training, options.data),
  });
}

/**
 * Trains one part into its checkpoint and writes no bundle: {@link train} finds it done later. So the parts can be trained at
 * different times, and the long one first. The extension needs main, trained or taken from a bundle.
 *
 * @throws {MeanetError} as {@link train}; TRAINING_INCOMPLETE when the extension is to be trained before main
 */
export async function trainPart(
  part: BundlePart,
  recipe: Recipe,
  options: Omit<TrainOptions, "out">,
): Promise<void> {
  // The cloud's file may come later than the part that is trained now.
  const foreign = await readForeign(recipe, options.folder ?? ".", ["main"]);
  const training = await prepare(recipe, options, foreign.main);
  if (part === "main") {
    await trainMain(training);
  } else if (part === "cloud") {
    await trainCloud(training);
  } else {
    const { main: imported } = await importParts(training, foreign);
    const main = imported ?? (await takenMain(training, options.data)) ?? (await trainedMain(training));
    await trainExtension(training, main, await hardClassesOf(training, main));
  }
}

function takenMain(training: Training, data: Dataset) {
  const { mainFrom: bundle } = training.recipe;
  return bundle === undefined ? undefined : mainFrom(training, data, bundle);
}

function blocksOf({ edge, cloud }: Recipe, imported: Imported): BundleContent["manifest"]["blocks"] {
  const { main } = imported;
  const ofEdge =
    main === undefined
      ? count(edge)
      : { main: main.count, ...countExtension(extensionBehind(edge, main.features)) };
  if (imported.cloud !== undefined) return { ...ofEdge, cloud: imported.cloud.count };
  return cloud === undefined || "onnx" in cloud ? ofEdge : { ...ofEdge, ...count(cloud) };
}

function importedFrom({ main, cloud }: Imported) {
  if (main === undefined && cloud === undefined) return {};
  return {
    imported: { ...(main && { main: main.origin }), ...(cloud && { cloud: cloud.origin }) },
  };
}

/** The label dictionary, by the recipe's rule. */
async function hardClassesOf(training: Training, main: { readonly onnx: Uint8Array }): Promise<number[]> {
  const { recipe, classes } = training;
  if (recipe.hardClassRule === "random") {
    return randomClasses(classes, recipe.edge.hardClasses, recipe.seed);
  }
  const heldOut = heldOutOf(training);
  const predicted = (await predictPlain(main.onnx, "y1", heldOut)).map(argmax);
  const precision = classPrecision({ predicted, labels: heldOut.labels }, classes);
  return hardestClasses(precision, recipe.edge.hardClasses);
}

function referenceOf({ recipe, labelled, split, classes }: Training): BundleContent["reference"] {
  const perClass = referencePerClass(classes);
  const raw = drawReference(labelled, split.heldOut, { perClass, seed: recipe.seed });
  return { bytes: encodeReference(raw), items: raw.labels.length };
}

function heldOutOf({ labelled, split, input }: Training) {
  const labels = Array.from(split.heldOut, (index) => labelled.labels[index]!);
  return { labelled, indices: split.heldOut, input, labels };
}

/** `golden.json`, and the card and figures on every split whose data is there. */
async function texts(
  manifest: BundleContent["manifest"],
  files: Bundle["files"],
  { recipe, labelled, split, input, onProgress }: Training,
  data: Dataset,
): Promise<Record<string, string>> {
  const x = goldenInput(data, { labelled, indices: split.heldOut, input }, recipe.seed);
  const bundle = { manifest, files };
  const evaluations = [await evaluate(bundle, data, "held-out", { onProgress })];
  if (await data.has("test")) {
    evaluations.unshift(await evaluate(bundle, data, "test", { onProgress }));
  }
  return {
    "golden.json": `${JSON.stringify(await makeGolden(files, x), undefined, 1)}\n`,
    "evaluation.json": `${JSON.stringify(evaluations, undefined, 1)}\n`,
    "card.md": bundleCard(manifest, evaluations, recipe.notes),
  };
}
