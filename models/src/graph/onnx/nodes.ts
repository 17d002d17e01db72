/** ONNX operators whose output shape follows from their arguments, under short names. All tensors are float32. */
import type { Dim, OnnxGraph, Tensor } from "./onnx-graph.ts";

/** The sizes of a tensor whose batch is fixed. */
export function sizes(tensor: Tensor): readonly number[] {
  return tensor.shape.map((dim) => {
    if (dim === "N") throw new Error(`${tensor.name}: its batch is open, expected a fixed one`);
    return dim;
  });
}

/** Element by element; `b` may be a scalar, or broadcast to the shape of `a`. */
export function binary(onnx: OnnxGraph, op: "Add" | "Sub" | "Mul" | "Div", a: Tensor, b: Tensor): Tensor {
  return onnx.node(op, [a, b], a.shape);
}

export function reshape(onnx: OnnxGraph, tensor: Tensor, shape: readonly number[]): Tensor {
  return onnx.node("Reshape", [tensor, onnx.integers(shape)], shape);
}

export function transpose(onnx: OnnxGraph, tensor: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => tensor.shape[axis]!);
  return onnx.node("Transpose", [tensor], shape, { perm: order });
}

export function concat(onnx: OnnxGraph, tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new Error("concat of nothing");
  if (tensors.length === 1) return first;
  const total = tensors.reduce((sum, tensor) => sum + sizeAt(tensor, axis), 0);
  return onnx.node("Concat", tensors, first.shape.with(axis, total), { axis });
}

/** Zeros around the axes from `axis` on: `before[i]` and `after[i]` of them at axis `axis + i`. */
export function pad(
  onnx: OnnxGraph,
  tensor: Tensor,
  axis: number,
  before: readonly number[],
  after: readonly number[],
): Tensor {
  if ([...before, ...after].every((count) => count === 0)) return tensor;
  const untouched = tensor.shape.slice(0, axis).map(() => 0);
  const shape = tensor.shape.map((dim, at) =>
    at < axis ? dim : sizeAt(tensor, at) + before[at - axis]! + after[at - axis]!,
  );
  const pads = onnx.integers([...untouched, ...before, ...untouched, ...after]);
  return onnx.node("Pad", [tensor, pads], shape);
}

/** `count` elements of `axis` from `start` on, every `step`-th; a negative step walks backwards. */
export function slice(
  onnx: OnnxGraph,
  tensor: Tensor,
  ranges: readonly { axis: number; start: number; count: number; step?: number }[],
): Tensor {
  const changing = ranges.filter(
    ({ axis, start, count, step = 1 }) => start !== 0 || step !== 1 || count !== tensor.shape[axis],
  );
  if (changing.length === 0) return tensor;
  const steps = changing.map(({ step = 1 }) => step);
  const starts = changing.map(({ start }) => start);
  // The end is exclusive. Walking back to element 0 has no positive index for it: any very negative one will do.
  const ends = changing.map(({ start, count, step = 1 }) => {
    const end = start + (count - 1) * step + Math.sign(step);
    return end < 0 ? -(2 ** 31) : end;
  });
  let shape: readonly Dim[] = tensor.shape;
  for (const { axis, count } of changing) shape = shape.with(axis, count);
  const axes = changing.map(({ axis }) => axis);
  const bounds = [starts, ends, axes, steps].map((values) => onnx.integers(values));
  return onnx.node("Slice", [tensor, ...bounds], shape);
}

/** Sum over `axes`, which disappear. */
export function reduceSum(onnx: OnnxGraph, tensor: Tensor, axes: readonly number[]): Tensor {
  return onnx.node("ReduceSum", [tensor, onnx.integers(axes)], without(tensor, axes), { keepdims: 0 });
}

/** Mean over `axes`, which disappear. */
export function reduceMean(onnx: OnnxGraph, tensor: Tensor, axes: readonly number[]): Tensor {
  return onnx.node("ReduceMean", [tensor], without(tensor, axes), { axes, keepdims: 0 });
}

function without(tensor: Tensor, axes: readonly number[]): readonly Dim[] {
  return tensor.shape.filter((_, axis) => !axes.includes(axis));
}

function sizeAt(tensor: Tensor, axis: number): number {
  const size = tensor.shape[axis];
  if (typeof size !== "number") throw new Error(`${tensor.name}: axis ${axis} has no fixed size`);
  return size;
}
