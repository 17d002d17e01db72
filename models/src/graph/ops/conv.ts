/**
 * Convolution without bias, padded by (kernel − 1) / 2, stride 1 or 2.
 *
 * ONNX has no gradient operators. Expressing the weight gradient as a Conv with swapped axes runs at a tenth of the speed of a
 * matrix product on ONNX Runtime's CPU provider, so the maps are shifted, stacked, and multiplied once per image.
 */

import { concat, pad, reduceSum, reshape, sizes, slice, transpose } from "../onnx/nodes.ts";
import type { OnnxGraph, Tensor } from "../onnx/onnx-graph.ts";
import { type Op, take } from "./op.ts";

/** Below this many pixels ConvTranspose is faster than a Conv with turned weights. */
const smallMapPixels = 64;

export const conv: Op<"conv"> = {
  forward(onnx, inputs, { attributes: { kernel, stride } }) {
    const [x, weight] = take(inputs, "x", "weight");
    const [batch, , height, width] = x.shape;
    const [channels] = sizes(weight);
    const out = [height, width].map((size) => Math.ceil(Number(size) / stride));
    const padding = (kernel - 1) / 2;
    const output = onnx.node("Conv", [x, weight], [batch!, channels!, ...out], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });
    return { output };
  },

  backward(onnx, inputs, _forward, dOutput, wanted, { attributes: { kernel, stride } }) {
    const [x, weight] = take(inputs, "x", "weight");
    return [
      wanted[0] ? inputGradient(onnx, x, weight, dOutput, kernel, stride) : undefined,
      wanted[1]
        ? stride === 1
          ? stackedWeightGradient(onnx, x, dOutput, kernel)
          : slicedWeightGradient(onnx, x, dOutput, kernel, stride)
        : undefined,
    ];
  },
};

function inputGradient(
  onnx: OnnxGraph,
  x: Tensor,
  weight: Tensor,
  dOutput: Tensor,
  kernel: number,
  stride: number,
): Tensor {
  const [, , height, width] = sizes(x);
  const [, , outHeight, outWidth] = sizes(dOutput);
  const padding = (kernel - 1) / 2;
  const pads = [padding, padding, padding, padding];
  if (stride === 1 && height! * width! > smallMapPixels) {
    const turned = slice(onnx, transpose(onnx, weight, [1, 0, 2, 3]), [
      { axis: 2, start: kernel - 1, count: kernel, step: -1 },
      { axis: 3, start: kernel - 1, count: kernel, step: -1 },
    ]);
    const attributes = { kernel_shape: [kernel, kernel], strides: [1, 1], pads };
    return onnx.node("Conv", [dOutput, turned], x.shape, attributes);
  }
  // What the last stride leaves over: an even and an odd size have the same number of strided positions.
  const leftOver = (size: number, out: number): number => size - ((out - 1) * stride + kernel - 2 * padding);
  return onnx.node("ConvTranspose", [dOutput, weight], x.shape, {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads,
    output_padding: [leftOver(height!, outHeight!), leftOver(width!, outWidth!)],
  });
}

/**
 * Stride 1: dW[o,c,i,j] = Σ_yx dY[o, y−i+p, x] · X[c, y, x+j−p], so k row shifts of dY against k column shifts of X give all
 * k² taps in one product [kO, HW] x [HW, kC] per image, instead of k² shifts of either.
 */
function stackedWeightGradient(onnx: OnnxGraph, x: Tensor, dOutput: Tensor, kernel: number): Tensor {
  const [batch, inChannels, height, width] = sizes(x);
  const [, outChannels] = sizes(dOutput);
  const padding = (kernel - 1) / 2;
  const taps = [...Array(kernel).keys()];
  const rowsPadded = pad(onnx, dOutput, 2, [padding, 0], [padding, 0]);
  const rows = taps.map((i) => slice(onnx, rowsPadded, [{ axis: 2, start: kernel - 1 - i, count: height! }]));
  const columnsPadded = pad(onnx, x, 2, [0, padding], [0, padding]);
  const columns = taps.map((j) => slice(onnx, columnsPadded, [{ axis: 3, start: j, count: width! }]));
  const [left, right] = [kernel * outChannels!, kernel * inChannels!];
  const pixels = height! * width!;
  const a = reshape(onnx, concat(onnx, rows, 1), [batch!, left, pixels]);
  const b = reshape(onnx, concat(onnx, columns, 1), [batch!, right, pixels]);
  const perImage = onnx.node("MatMul", [a, transpose(onnx, b, [0, 2, 1])], [batch!, left, right]);
  const sum = reduceSum(onnx, perImage, [0]);
  if (kernel === 1) return reshape(onnx, sum, [outChannels!, inChannels!, 1, 1]);
  return transpose(onnx, reshape(onnx, sum, [kernel, outChannels!, kernel, inChannels!]), [1, 3, 0, 2]);
}

/** Larger strides: the k² strided views of X, stacked, in one product [O, L] x [L, k²C] per image. */
function slicedWeightGradient(
  onnx: OnnxGraph,
  x: Tensor,
  dOutput: Tensor,
  kernel: number,
  stride: number,
): Tensor {
  const [batch, inChannels] = sizes(x);
  const [, outChannels, outHeight, outWidth] = sizes(dOutput);
  const padding = (kernel - 1) / 2;
  const padded = pad(onnx, x, 2, [padding, padding], [padding, padding]);
  const taps = [...Array(kernel * kernel).keys()];
  const views = taps.map((tap) =>
    slice(onnx, padded, [
      { axis: 2, start: Math.floor(tap / kernel), count: outHeight!, step: stride },
      { axis: 3, start: tap % kernel, count: outWidth!, step: stride },
    ]),
  );
  const pixels = outHeight! * outWidth!;
  const right = taps.length * inChannels!;
  const a = reshape(onnx, dOutput, [batch!, outChannels!, pixels]);
  const b = reshape(onnx, concat(onnx, views, 1), [batch!, right, pixels]);
  const perImage = onnx.node("MatMul", [a, transpose(onnx, b, [0, 2, 1])], [batch!, outChannels!, right]);
  const sum = reshape(onnx, reduceSum(onnx, perImage, [0]), [outChannels!, taps.length, inChannels!]);
  return reshape(onnx, transpose(onnx, sum, [0, 2, 1]), [outChannels!, inChannels!, kernel, kernel]);
}
