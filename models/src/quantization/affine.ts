/** Real numbers as 8-bit integers: `real = scale · (integer - zero point)`, as ONNX's QuantizeLinear and DequantizeLinear have it. */

/** How a tensor of activations is written as unsigned bytes, zero among them exactly. */
export interface Affine {
  /** Greater than 0. A float32, as the model stores it. */
  readonly scale: number;
  /** In [0, 255]. */
  readonly zeroPoint: number;
}

/** Real values that a byte shall cover. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Weights as signed bytes with one scale for each output channel; the zero point is 0. */
export interface ChannelWeights {
  readonly values: Int8Array;
  /** One for each output channel, greater than 0. */
  readonly scales: Float32Array;
}

/** Half of int32: what is added to a bias while products are summed must fit as well. */
const BIAS_LIMIT = 2 ** 30;

/** The byte form that covers a range. Zero is always inside it: padding and rectifiers give exact zeros. */
export function affineOf({ min, max }: Range): Affine {
  const low = Math.min(0, min);
  const high = Math.max(0, max);
  if (high === low) return { scale: 1, zeroPoint: 0 };
  const scale = Math.fround((high - low) / 255);
  return { scale, zeroPoint: clamp(roundHalfEven(-low / scale), 0, 255) };
}

export function quantize(values: ArrayLike<number>, { scale, zeroPoint }: Affine): Uint8Array {
  return Uint8Array.from(values, (value) => clamp(roundHalfEven(value / scale) + zeroPoint, 0, 255));
}

export function dequantize(values: ArrayLike<number>, { scale, zeroPoint }: Affine): Float32Array {
  return Float32Array.from(values, (value) => scale * (value - zeroPoint));
}

/**
 * Weights and bias of a layer as integers. Symmetric: the greatest weight of a channel becomes ±127.
 *
 * @param weights - `channels` x (length / channels) values, channel by channel
 * @param bias - one for each channel, or none
 * @param inputScale - of what the layer reads: products have the scale `inputScale · scales[channel]`, and the bias is one
 */
export function quantizeWeights(
  weights: Float32Array,
  channels: number,
  bias: Float32Array | undefined,
  inputScale: number,
): ChannelWeights & { readonly bias: Int32Array } {
  const length = weights.length / channels;
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(channels);
  const biases = new Int32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const own = weights.subarray(channel * length, (channel + 1) * length);
    const shift = bias?.[channel] ?? 0;
    const greatest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // A channel of next to nothing beside its bias: a scale of its weights alone would overflow the bias.
    const scale = Math.fround(Math.max(greatest / 127, Math.abs(shift) / (inputScale * BIAS_LIMIT))) || 1;
    scales[channel] = scale;
    for (const [index, value] of own.entries()) {
      values[channel * length + index] = clamp(roundHalfEven(value / scale), -127, 127);
    }
    biases[channel] = roundHalfEven(shift / (inputScale * scale));
  }
  return { values, scales, bias: biases };
}

/** As ONNX rounds: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
