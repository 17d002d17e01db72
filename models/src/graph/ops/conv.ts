/**
 * Convolution without bias, padded by (kernel − 1) / 2. Kernel and stride are pairs: 3x3 over images, 1x5 over time.
 *
 * ONNX has no gradient operators. Expressing the weight gradient as a Conv with swapped axes runs at a tenth of the speed of a
 * matrix product on ONNX Runtime's CPU provider, so the maps are shifted, stacked, and multiplied once per image.
 */
import type { Pair } from "../graph.ts";
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
    const out = [height, width].map((size, axis) => Math.ceil(Number(size) / stride[axis]!));
    const output = onnx.node("Conv", [x, weight], [batch!, channels!, ...out], {
      kernel_shape: kernel,
      strides: stride,
      pads: padsOf(kernel),
    });
    return { output };
  },

  backward(onnx, inputs, _forward, dOutput, wanted, { attributes: { kernel, stride } }) {
    const [x, weight] = take(inputs, "x", "weight");
    return [
      wanted[0] ? inputGradient(onnx, x, weight, dOutput, kernel, stride) : undefined,
      wanted[1]
        ? stride[0] === 1 && stride[1] === 1
          ? stackedWeightGradient(onnx, x, dOutput, kernel)
          : slicedWeightGradient(onnx, x, dOutput, kernel, stride)
        : undefined,
    ];
  },
};

/** Before and after each axis, as ONNX orders them: top, left, bottom, right. */
function padsOf(kernel: Pair): readonly number[] {
  const padding = kernel.map((side) => (side - 1) / 2);
  return [...padding, ...padding];
}

function inputGradient(
  onnx: OnnxGraph,
  x: Tensor,
  weight: Tensor,
  dOutput: Tensor,
  kernel: Pair,
  stride: Pair,
): Tensor {
  const [, , height, width] = sizes(x);
  const [, , outHeight, outWidth] = sizes(dOutput);
  const pads = padsOf(kernel);
  if (stride[0] === 1 && stride[1] === 1 && height! * width! > smallMapPixels) {
    const turned = slice(onnx, transpose(onnx, weight, [1, 0, 2, 3]), [
      { axis: 2, start: kernel[0] - 1, count: kernel[0], step: -1 },
      { axis: 3, start: kernel[1] - 1, count: kernel[1], step: -1 },
    ]);
    const attributes = { kernel_shape: kernel, strides: [1, 1], pads };
    return onnx.node("Conv", [dOutput, turned], x.shape, attributes);
  }
  // What the last stride leaves over: an even and an odd size have the same number of strided positions.
  const leftOver = (size: number, out: number, step: number): number => size - ((out - 1) * step + 1);
  return onnx.node("ConvTranspose", [dOutput, weight], x.shape, {
    kernel_shape: kernel,
    strides: stride,
    pads,
    output_padding: [leftOver(height!, outHeight!, stride[0]), leftOver(width!, outWidth!, stride[1])],
  });
}

/**
 * Stride 1: dW[o,c,i,j] = Σ_yx dY[o, y−i+p, x] · X[c, y, x+j−p], so the kernel's h row shifts of dY against its w column
 * shifts of X give all h·w taps in one product [hO, HW] x [HW, wC] per image, instead of h·w shifts of either.
 */
function stackedWeightGradient(onnx: OnnxGraph, x: Tensor, dOutput: Tensor, [high, wide]: Pair): Tensor {
  const [batch, inChannels, height, width] = sizes(x);
  const [, outChannels] = sizes(dOutput);
  const [padY, padX] = [(high - 1) / 2, (wide - 1) / 2];
  const rowsPadded = pad(onnx, dOutput, 2, [padY, 0], [padY, 0]);
  const rows = Array.from({ length: high }, (_, i) =>
    slice(onnx, rowsPadded, [{ axis: 2, start: high - 1 - i, count: height! }]),
  );
  const columnsPadded = pad(onnx, x, 2, [0, padX], [0, padX]);
  const columns = Array.from({ length: wide }, (_, j) =>
    slice(onnx, columnsPadded, [{ axis: 3, start: j, count: width! }]),
  );
  const [left, right] = [high * outChannels!, wide * inChannels!];
  const pixels = height! * width!;
  const a = reshape(onnx, concat(onnx, rows, 1), [batch!, left, pixels]);
  const b = reshape(onnx, concat(onnx, columns, 1), [batch!, right, pixels]);
  const perImage = onnx.node("MatMul", [a, transpose(onnx, b, [0, 2, 1])], [batch!, left, right]);
  const sum = reduceSum(onnx, perImage, [0]);
  if (high === 1 && wide === 1) return reshape(onnx, sum, [outChannels!, inChannels!, 1, 1]);
  return transpose(onnx, reshape(onnx, sum, [high, outChannels!, wide, inChannels!]), [1, 3, 0, 2]);
}

/** Larger strides: the h·w strided views of X, stacked, in one product [O, L] x [L, hwC] per image. */
function slicedWeightGradient(
  onnx: OnnxGraph,
  x: Tensor,
  dOutput: Tensor,
  kernel: Pair,
  stride: Pair,
): Tensor {
  const [batch, inChannels] = sizes(x);
  const [, outChannels, outHeight, outWidth] = sizes(dOutput);
  const [high, wide] = kernel;
  const padding = [(high - 1) / 2, (wide - 1) / 2];
  const padded = pad(onnx, x, 2, padding, padding);
  const taps = [...Array(high * wide).keys()];
  const views = taps.map((tap) =>
    slice(onnx, padded, [
      { axis: 2, start: Math.floor(tap / wide), count: outHeight!, step: stride[0] },
      { axis: 3, start: tap % wide, count: outWidth!, step: stride[1] },
    ]),
  );
  const pixels = outHeight! * outWidth!;
  const right = taps.length * inChannels!;
  const a = reshape(onnx, dOutput, [batch!, outChannels!, pixels]);
  const b = reshape(onnx, concat(onnx, views, 1), [batch!, right, pixels]);
  const perImage = onnx.node("MatMul", [a, transpose(onnx, b, [0, 2, 1])], [batch!, outChannels!, right]);
  const sum = reshape(onnx, reduceSum(onnx, perImage, [0]), [outChannels!, taps.length, inChannels!]);
  return reshape(onnx, transpose(onnx, sum, [0, 2, 1]), [outChannels!, inChannels!, high, wide]);
}
