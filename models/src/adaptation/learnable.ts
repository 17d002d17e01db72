import { MeanetError, reasonOf } from "@meanet/runtime";
import type { Bundle } from "../bundle/bundle.ts";
import { readReference } from "../bundle/reference.ts";
import { type Part, readTrainedValues, type TrainedValues } from "../graph/index.ts";
import { extensionBehind, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { frameDims, OnnxFile } from "../onnx-file/index.ts";

/** The extension of a bundle, to be trained further. */
export interface Learnable {
  readonly part: Part;
  readonly values: TrainedValues;
}

/**
 * Adaptive and extension block of a bundle with the values they have.
 *
 * @throws {MeanetError} LEARNING_UNSUPPORTED when the bundle does not describe its extension's network, when its weights are not float32,
 * or when there are no frames of easy classes for its answer "not hard"
 */
export function learnableExtension(bundle: Bundle): Learnable {
  const { hardClasses, notHard } = bundle.manifest;
  if (notHard && readReference(bundle) === undefined) {
    throw unsupported(
      bundle,
      'its extension may answer "not hard" and it has no reference frames, the only ones of easy classes here; add them with "meanet bundle reference"',
    );
  }
  const part = extensionPart(bundle, hardClasses.length);
  try {
    return { part, values: readTrainedValues(part, bundle.files.extension) };
  } catch (cause) {
    const why = reasonOf(cause);
    throw unsupported(
      bundle,
      `${why}; quantised weights cannot be trained on: serve the float bundle`,
      cause,
    );
  }
}

/** The extension's network for so many hard classes. @throws {MeanetError} LEARNING_UNSUPPORTED */
export function extensionPart(bundle: Bundle, hardClasses: number): Part {
  const { edge } = bundle.manifest.provenance.recipe;
  const spec = meanetSpecSchema.safeParse(isObject(edge) ? { ...edge, hardClasses } : undefined);
  if (!spec.success) {
    throw unsupported(
      bundle,
      "its manifest does not tell the network of its extension (provenance.recipe.edge)",
    );
  }
  if (bundle.manifest.provenance.imported?.main === undefined) return meanetParts(spec.data).extension;
  // The recipe does not describe a main that was made elsewhere; the extension's own file tells the shape of its features.
  const features = frameDims(OnnxFile.read(bundle.files.extension), "F1");
  return extensionBehind(spec.data, features);
}

function unsupported({ manifest }: Bundle, why: string, cause?: unknown): MeanetError {
  const name = `${manifest.name}@${manifest.version}`;
  return new MeanetError(
    "LEARNING_UNSUPPORTED",
    `${name} cannot learn in service: ${why}`,
    { bundle: name },
    { cause },
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
