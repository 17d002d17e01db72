/**
 * The same graphs computed in float64 by obvious loops: what the ONNX models are checked against. It shares the description of
 * a graph with them and no arithmetic.
 */
import { elementCount } from "../../element-count.ts";
import type { Call, Graph, Pair, Shape } from "../graph.ts";

interface ReferenceMoments {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

export interface ReferenceSources {
  readonly batch: number;
  /** Inputs [N, …] and parameters, by name. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** Running moments by statistic; without them those of the batch. */
  readonly moments?: (statistic: string) => ReferenceMoments;
}

export interface ReferenceTrace {
  readonly values: ReadonlyMap<string, Float64Array>;
  readonly moments: ReadonlyMap<string, ReferenceMoments>;
}

export function referenceForward(graph: Graph, sources: ReferenceSources): ReferenceTrace {
  const values = new Map(Object.entries(sources.values));
  const moments = new Map<string, ReferenceMoments>();
  const value = (name: string): Float64Array => {
    const data = values.get(name);
    if (data === undefined) throw new Error(`no value "${name}"`);
    return data;
  };
  for (const call of graph.calls) {
    const inputs = call.inputs.map(value);
    const shapes = call.inputs.map((name) => graph.shapes.get(name) ?? []);
    const outShape = graph.shapes.get(call.output)!;
    if (call.op === "batchNorm") {
      const known = sources.moments?.(call.attributes.statistic);
      const used = known ?? batchMoments(inputs[0]!, sources.batch, outShape);
      moments.set(call.attributes.statistic, used);
      values.set(call.output, normalise(inputs, used, outShape));
    } else {
      values.set(call.output, compute(call, inputs, shapes, outShape, sources.batch));
    }
  }
  return { values, moments };
}

/** Mean cross-entropy in nats of softmax(logits) with (1 − s)·onehot + s/K. */
export function referenceLoss(
  logits: Float64Array,
  target: readonly number[],
  classes: number,
  labelSmoothing: number,
): number {
  let loss = 0;
  for (const [image, label] of target.entries()) {
    const row = logits.subarray(image * classes, (image + 1) * classes);
    const largest = Math.max(...row);
    const logSum = largest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    for (let index = 0; index < classes; index++) {
      const share = (index === label ? 1 - labelSmoothing : 0) + labelSmoothing / classes;
      loss -= (share * (row[index]! - logSum)) / target.length;
    }
  }
  return loss;
}

/** Mean over the batch of τ²·CE(softmax(teacher/τ), softmax(logits/τ)), nats; the teacher's logits are picked by `classes`. */
export function referenceDistillation(
  logits: Float64Array,
  teacher: Float64Array,
  batch: number,
  { temperature, classes }: { readonly temperature: number; readonly classes: readonly number[] },
): number {
  const shares = (row: readonly number[]): number[] => {
    const largest = Math.max(...row);
    const powers = row.map((logit) => Math.exp((logit - largest) / temperature));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  };
  const [width, known] = [classes.length, teacher.length / batch];
  let loss = 0;
  for (let image = 0; image < batch; image++) {
    const own = shares(Array.from(logits.subarray(image * width, (image + 1) * width)));
    const wanted = shares(classes.map((index) => teacher[image * known + index]!));
    for (const [index, share] of wanted.entries()) {
      loss -= (temperature ** 2 * share * Math.log(own[index]!)) / batch;
    }
  }
  return loss;
}

function compute(
  call: Exclude<Call, { op: "batchNorm" }>,
  inputs: readonly Float64Array[],
  shapes: readonly Shape[],
  outShape: Shape,
  batch: number,
): Float64Array {
  const [x, second] = inputs as readonly [Float64Array, Float64Array];
  switch (call.op) {
    case "relu":
      return x.map((value) => Math.max(0, value));
    case "add":
      return x.map((value, at) => value + second[at]!);
    case "flatten":
      return x;
    case "concat":
      return joinChannels(inputs, batch);
    case "linear":
      return multiply(x, second, inputs[2]!, batch, outShape[0]!);
    case "conv":
      return convolve(x, second, batch, shapes[0]!, outShape, call.attributes);
    case "averagePool":
      return pool(x, batch, shapes[0]!, outShape, call.attributes);
  }
}

function convolve(
  x: Float64Array,
  weight: Float64Array,
  batch: number,
  inShape: Shape,
  outShape: Shape,
  { kernel, stride }: { kernel: Pair; stride: Pair },
): Float64Array {
  const [inChannels, height, width] = inShape as [number, number, number];
  const [outChannels, outHeight, outWidth] = outShape as [number, number, number];
  const out = new Float64Array(batch * outChannels * outHeight * outWidth);
  const [kernelHeight, kernelWidth] = kernel;
  const [paddingY, paddingX] = [(kernelHeight - 1) / 2, (kernelWidth - 1) / 2];
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      for (let y = 0; y < outHeight; y++) {
        for (let z = 0; z < outWidth; z++) {
          let sum = 0;
          for (let c = 0; c < inChannels; c++) {
            for (let i = 0; i < kernelHeight; i++) {
              const row = y * stride[0] + i - paddingY;
              if (row < 0 || row >= height) continue;
              for (let j = 0; j < kernelWidth; j++) {
                const column = z * stride[1] + j - paddingX;
                if (column < 0 || column >= width) continue;
                const pixel = x[((n * inChannels + c) * height + row) * width + column]!;
                sum += pixel * weight[((o * inChannels + c) * kernelHeight + i) * kernelWidth + j]!;
              }
            }
          }
          out[at++] = sum;
        }
      }
    }
  }
  return out;
}

function pool(
  x: Float64Array,
  batch: number,
  inShape: Shape,
  outShape: Shape,
  { kernel, stride }: { kernel: Pair; stride: Pair },
): Float64Array {
  const [channels, height, width] = inShape as [number, number, number];
  const [, outHeight, outWidth] = outShape as [number, number, number];
  const out = new Float64Array(batch * channels * outHeight * outWidth);
  let at = 0;
  for (let map = 0; map < batch * channels; map++) {
    for (let y = 0; y < outHeight; y++) {
      for (let z = 0; z < outWidth; z++) {
        let sum = 0;
        for (let i = 0; i < kernel[0]; i++) {
          for (let j = 0; j < kernel[1]; j++) {
            sum += x[(map * height + y * stride[0] + i) * width + z * stride[1] + j]!;
          }
        }
        out[at++] = sum / (kernel[0] * kernel[1]);
      }
    }
  }
  return out;
}

function multiply(
  x: Float64Array,
  weight: Float64Array,
  bias: Float64Array,
  batch: number,
  outputs: number,
): Float64Array {
  const features = x.length / batch;
  return Float64Array.from({ length: batch * outputs }, (_, at) => {
    const [image, output] = [Math.floor(at / outputs), at % outputs];
    let sum = bias[output]!;
    for (let f = 0; f < features; f++) sum += x[image * features + f]! * weight[output * features + f]!;
    return sum;
  });
}

function joinChannels(inputs: readonly Float64Array[], batch: number): Float64Array {
  const out = new Float64Array(inputs.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (const input of inputs) {
      const perImage = input.length / batch;
      out.set(input.subarray(n * perImage, (n + 1) * perImage), at);
      at += perImage;
    }
  }
  return out;
}

function batchMoments(x: Float64Array, batch: number, [channels, ...map]: Shape): ReferenceMoments {
  const pixels = elementCount(map);
  const mean = new Float64Array(channels!);
  const variance = new Float64Array(channels!);
  const count = batch * pixels;
  for (const [at, value] of x.entries()) mean[Math.floor(at / pixels) % channels!]! += value / count;
  for (const [at, value] of x.entries()) {
    const channel = Math.floor(at / pixels) % channels!;
    variance[channel]! += (value - mean[channel]!) ** 2 / count;
  }
  return { mean, variance };
}

function normalise(
  [x, gamma, beta]: readonly Float64Array[],
  { mean, variance }: ReferenceMoments,
  [channels, ...map]: Shape,
): Float64Array {
  const pixels = elementCount(map);
  return x!.map((value, at) => {
    const c = Math.floor(at / pixels) % channels!;
    return (gamma![c]! * (value - mean[c]!)) / Math.sqrt(variance[c]! + 1e-5) + beta![c]!;
  });
}
