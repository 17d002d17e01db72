import type { Call, OpName } from "../graph.ts";
import type { OnnxGraph, Tensor } from "../onnx/onnx-graph.ts";

/** Mean and variance of each channel, shape [C] each. */
export interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Where a forward pass takes the moments of batch normalisation from: the batch itself, or running ones by name. */
export type MomentSource = "batch" | ((statistic: string) => Moments);

export interface Forward {
  readonly output: Tensor;
  /** Of batch normalisation: the moments it used. */
  readonly moments?: Moments;
}

/**
 * An operator: what it computes and what it passes back, as ONNX nodes, side by side.
 *
 * `forward` works with an open batch; `backward` needs a fixed one.
 */
export interface Op<O extends OpName> {
  forward(onnx: OnnxGraph, inputs: readonly Tensor[], call: Call<O>, moments: MomentSource): Forward;
  /**
   * Gradients of the loss with respect to the inputs.
   *
   * @param dOutput - gradient with respect to the output, of its shape
   * @param wanted - which inputs need one; the others may be left undefined
   */
  backward(
    onnx: OnnxGraph,
    inputs: readonly Tensor[],
    forward: Forward,
    dOutput: Tensor,
    wanted: readonly boolean[],
    call: Call<O>,
  ): readonly (Tensor | undefined)[];
}

/** The inputs as a tuple: a call that has fewer than its operator reads was not made by GraphBuilder. */
export function take<const N extends readonly string[]>(
  inputs: readonly Tensor[],
  ...names: N
): { readonly [K in keyof N]: Tensor } {
  if (inputs.length !== names.length) {
    throw new Error(`expected the inputs ${names.join(", ")}, received ${inputs.length}`);
  }
  return inputs as unknown as { readonly [K in keyof N]: Tensor };
}
