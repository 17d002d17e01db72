import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openEngine, type TensorViews } from "@meanet/inference";
import { OnnxFile } from "./onnx-file.ts";

export const samples = join(import.meta.dirname, "..", "..", "samples");

/** A classifier as PyTorch exported it. */
export function sample(name: string): Promise<Uint8Array> {
  return readFile(join(samples, "torch-classifier", name));
}

/** The file changed by `edit`. */
export async function edited(name: string, edit: (file: OnnxFile) => void): Promise<Uint8Array> {
  const file = OnnxFile.read(await sample(name));
  edit(file);
  return file.write();
}

/** What a model answers to these inputs. */
export async function answer(onnx: Uint8Array, feeds: TensorViews): Promise<TensorViews> {
  const engine = await openEngine({ name: "test", model: onnx, anyBatch: true });
  const { outputs } = await engine.run(feeds);
  await engine.close();
  return outputs;
}

export function close(
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
  tolerance: number,
): void {
  assert.equal(actual.length, expected.length);
  for (let index = 0; index < actual.length; index++) {
    const [a, b] = [Number(actual[index]), Number(expected[index])];
    assert.ok(Math.abs(a - b) <= tolerance, `[${index}]: ${a}, expected ${b}`);
  }
}
