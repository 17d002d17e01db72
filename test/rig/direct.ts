import { openEngine, stack, type TensorView, unstack } from "@meanet/inference";
import {
  argmax,
  type Bundle,
  calledHard,
  decide,
  decisionOf,
  entropy,
  inputDims,
  softmax,
} from "@meanet/models";

/** What the networks of a bundle make of one item, without anything around them. */
export interface DirectAnswers {
  readonly entropy: number;
  readonly edge: { readonly classIndex: number; readonly exit: "main" | "extension" };
  readonly cloud: { readonly classIndex: number };
}

/** Runs all networks of a bundle on normalised inputs. */
export async function runDirectly(
  { manifest, files }: Bundle,
  inputs: readonly Float32Array[],
): Promise<DirectAnswers[]> {
  const x = () => stack(inputs, inputDims(manifest.input));
  const main = await runOnce(files.main, { x: x() });
  const y1 = unstack(main.y1!);
  const y2 = unstack((await runOnce(files.extension, { x: x(), F1: main.F1! })).y2!);
  const y = unstack((await runOnce(files.cloud!, { x: x() })).y!);
  return inputs.map((_, index) => {
    const p1 = softmax(y1[index]!);
    const p2 = calledHard(p1, manifest.hardClasses) ? softmax(y2[index]!) : undefined;
    return {
      entropy: entropy(p1),
      edge: decide({ p1, p2, ...decisionOf(manifest) }),
      cloud: { classIndex: argmax(y[index]!) },
    };
  });
}

async function runOnce(model: Uint8Array, feeds: Record<string, TensorView>) {
  const engine = await openEngine({ name: "direct", model });
  try {
    return (await engine.run(feeds)).outputs;
  } finally {
    await engine.close();
  }
}
