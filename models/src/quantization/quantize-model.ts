/** One ONNX model, float32 → int8 in QDQ form: fold, calibrate once, then as many variants as are asked for. */
import { isMeanetError } from "@meanet/runtime";
import { OnnxFile } from "../onnx-file/onnx-file.ts";
import { type Affine, affineOf } from "./affine.ts";
import { type Batches, calibrate } from "./calibrate.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";
import { planQuantization } from "./plan.ts";
import { insertQdq } from "./qdq.ts";
import { type Histogram, rangeOf } from "./ranges.ts";
import type { Variant } from "./variants.ts";

/** A model whose values were seen on calibration frames. */
export interface CalibratedModel {
  /** ONNX bytes, float32, batch normalisations folded. */
  readonly folded: Uint8Array;
  readonly histograms: ReadonlyMap<string, Histogram>;
}

export interface QuantizedModel {
  /** ONNX bytes. Inputs and outputs keep names, shapes and float32. */
  readonly model: Uint8Array;
  /** How many nodes of each operator compute on integers. */
  readonly integer: Readonly<Record<string, number>>;
  /** How many nodes of each operator stay float32, those not understood among them. */
  readonly float: Readonly<Record<string, number>>;
}

/**
 * Folds batch normalisations and sees how the values of each tensor are distributed.
 *
 * @param batches - the model's inputs on training frames, never on held-out or test frames
 * @throws {MeanetError} MODEL_INVALID, QUANTIZATION_REFUSED
 */
export async function calibrateModel(model: Uint8Array, batches: Batches): Promise<CalibratedModel> {
  const file = OnnxFile.read(model);
  foldBatchNorm(file);
  const { tensors } = planQuantization(file, "none");
  const folded = file.write();
  return { folded, histograms: await calibrate(folded, tensors, batches) };
}

/** Whether a model has layers that gain by integers. @throws {MeanetError} MODEL_INVALID */
export function canQuantize(model: Uint8Array): boolean {
  const file = OnnxFile.read(model);
  foldBatchNorm(file);
  try {
    planQuantization(file, "none");
    return true;
  } catch (error) {
    if (isMeanetError(error, "QUANTIZATION_REFUSED")) return false;
    throw error;
  }
}

/** @throws {MeanetError} QUANTIZATION_REFUSED when nothing is left to quantise */
export function quantizeModel(
  { folded, histograms }: CalibratedModel,
  { method, kept }: Variant,
): QuantizedModel {
  const file = OnnxFile.read(folded);
  const plan = planQuantization(file, kept);
  const forms = new Map<string, Affine>();
  for (const name of plan.tensors) {
    // In the order tensors are made: what a reshape reads has its form already.
    const source = plan.sameAs.get(name);
    forms.set(name, forms.get(source ?? "") ?? affineOf(rangeOf(histograms.get(name)!, method)));
  }
  insertQdq(file, plan, forms);
  return { model: file.write(), integer: plan.integer, float: plan.float };
}
