import type { Bundle, BundlePart } from "../bundle/bundle.ts";
import { predictEdge, predictPlain } from "../evaluation/predict.ts";
import { accuracyOf, scoreFrames, share } from "../evaluation/score.ts";
import { argmax, decisionOf } from "../routing.ts";
import { type BundleFrames, extensionFeeds, frameFeeds } from "./bundle-frames.ts";
import { chooseVariant, type TriedVariant } from "./choose-variant.ts";
import type { QuantizeProgress } from "./progress.ts";
import { calibrateModel, type QuantizedModel } from "./quantize-model.ts";
import type { Variant } from "./variants.ts";

/** The int8 models of a bundle, by part. */
export type ChosenParts = ReadonlyMap<BundlePart, Variant & QuantizedModel>;

/**
 * Quantises the parts named, each judged by its own answers on held-out frames: main and cloud alone, the extension by the
 * edge's answers behind the main that it will stand behind, int8 or not.
 */
export async function chooseParts(
  { manifest, files }: Bundle,
  parts: ReadonlySet<BundlePart>,
  { calibration, heldOut }: BundleFrames,
  onProgress: ((progress: QuantizeProgress) => void) | undefined,
): Promise<ChosenParts> {
  const chosen = new Map<BundlePart, Variant & QuantizedModel>();
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
