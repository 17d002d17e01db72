/** Runs a float32 model over calibration frames and keeps, of each tensor, how its values are distributed. */
import { openEngine, type TensorViews } from "@meanet/inference";
import { OnnxFile } from "../onnx-file/onnx-file.ts";
import { BINS, type Histogram } from "./ranges.ts";

/** Batches of a model's inputs, the same at every call; each may be taken away by the run. */
export type Batches = () => Iterable<TensorViews>;

/**
 * Two passes: the first finds the least and the greatest value of each tensor, the second counts in bins between them.
 *
 * @throws {MeanetError} MODEL_INVALID when ONNX Runtime cannot open the model
 */
export async function calibrate(
  model: Uint8Array,
  tensors: readonly string[],
  batches: Batches,
): Promise<Map<string, Histogram>> {
  const file = OnnxFile.read(model);
  const inputs = new Set(file.inputs);
  for (const name of tensors) {
    if (!inputs.has(name)) file.addOutput(name);
  }
  const engine = await openEngine({ name: "calibration", model: file.write(), anyBatch: true });
  try {
    const histograms = new Map<string, Histogram>(
      tensors.map((name) => [
        name,
        { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, counts: new Float64Array(BINS) },
      ]),
    );
    for (const count of [widen, fill]) {
      for (const feeds of batches()) {
        for (const name of tensors) {
          if (inputs.has(name)) count(histograms, name, feeds[name]!.data as Float32Array);
        }
        const { outputs } = await engine.run(feeds);
        for (const name of tensors) {
          if (!inputs.has(name)) count(histograms, name, outputs[name]!.data as Float32Array);
        }
      }
    }
    return histograms;
  } finally {
    await engine.close();
  }
}

function widen(histograms: Map<string, Histogram>, name: string, values: Float32Array): void {
  const known = histograms.get(name)!;
  let { min, max } = known;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  histograms.set(name, { ...known, min, max });
}

function fill(histograms: Map<string, Histogram>, name: string, values: Float32Array): void {
  const { min, max, counts } = histograms.get(name)!;
  if (max <= min) return;
  const factor = counts.length / (max - min);
  for (const value of values) counts[Math.min(Math.floor((value - min) * factor), counts.length - 1)]!++;
}
