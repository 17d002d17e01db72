import { isMeanetError } from "@meanet/runtime";
import { type CalibratedModel, type QuantizedModel, quantizeModel } from "./quantize-model.ts";
import { keptEnds, rangeMethods, type Variant } from "./variants.ts";

/** A variant with what it reached on held-out frames, a fraction. */
export interface TriedVariant extends Variant {
  readonly accuracy: number;
}

/** A loss that needs no layer in float32: a third of a point, in fractions. */
const ENOUGH = 1 / 300;

/**
 * Tries every way to choose ranges on the whole model, and with its ends in float32 only when that loses too much. The best
 * accuracy wins, the first at a tie.
 *
 * @param accuracyOf - of a model, on held-out frames
 * @param float32 - what the float32 model reaches on them
 * @throws {MeanetError} QUANTIZATION_REFUSED when the whole model has nothing to quantise
 */
export async function chooseVariant(
  calibrated: CalibratedModel,
  accuracyOf: (model: Uint8Array) => Promise<number>,
  float32: number,
  onTried?: (tried: TriedVariant) => void,
): Promise<Variant & QuantizedModel> {
  let best: (Variant & QuantizedModel & { readonly accuracy: number }) | undefined;
  for (const kept of keptEnds) {
    if (best !== undefined && float32 - best.accuracy <= ENOUGH) break;
    for (const method of rangeMethods) {
      const quantized = whereAnyIsLeft(calibrated, { method, kept });
      // Without its ends a model of few layers has none left on integers: what was tried before is all there is.
      if (quantized === undefined) break;
      const accuracy = await accuracyOf(quantized.model);
      onTried?.({ method, kept, accuracy });
      if (best === undefined || accuracy > best.accuracy) best = { ...quantized, method, kept, accuracy };
    }
  }
  return best!; // keptEnds and rangeMethods are not empty
}

/** Undefined where only the ends had layers to quantise. */
function whereAnyIsLeft(calibrated: CalibratedModel, variant: Variant): QuantizedModel | undefined {
  try {
    return quantizeModel(calibrated, variant);
  } catch (error) {
    if (variant.kept !== "none" && isMeanetError(error, "QUANTIZATION_REFUSED")) return undefined;
    throw error;
  }
}
