import type { TensorViews } from "@meanet/inference";
import type { Bundle } from "../bundle/bundle.ts";
import type { Manifest } from "../bundle/manifest.ts";
import type { Frames } from "../evaluation/predict.ts";
import { extensionFeeds, firstFrames } from "./bundle-frames.ts";
import type { ChosenParts } from "./choose-parts.ts";
import type { QuantizeProgress } from "./progress.ts";
import type { Quantization } from "./provenance.ts";
import { measureSpeed } from "./speed.ts";

/** What was chosen for each part, its size and its speed. */
export async function describeParts(
  { manifest, files }: Bundle,
  chosen: ChosenParts,
  heldOut: Frames,
  onProgress: ((progress: QuantizeProgress) => void) | undefined,
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
