/** Operators without parameters: rectify, add, join channels, flatten. */
import { binary, reshape, sizes, slice } from "../onnx/nodes.ts";
import { type Op, take } from "./op.ts";

export const relu: Op<"relu"> = {
  forward(onnx, inputs) {
    const [x] = take(inputs, "x");
    return { output: onnx.node("Relu", [x], x.shape) };
  },
  /** The mask is 1 where the output is positive. Scaling and clipping vectorises where a comparison and Where do not. */
  backward(onnx, _inputs, { output }, dOutput) {
    const large = binary(onnx, "Mul", output, onnx.scalar(1e30));
    const mask = onnx.node("Clip", [large, onnx.scalar(0), onnx.scalar(1)], output.shape);
    return [binary(onnx, "Mul", mask, dOutput)];
  },
};

export const add: Op<"add"> = {
  forward(onnx, inputs) {
    const [a, b] = take(inputs, "a", "b");
    return { output: binary(onnx, "Add", a, b) };
  },
  backward(_onnx, _inputs, _forward, dOutput) {
    return [dOutput, dOutput];
  },
};

export const concat: Op<"concat"> = {
  forward(onnx, inputs) {
    const [first] = inputs;
    if (first === undefined) throw new Error("concat of nothing");
    const channels = inputs.reduce((sum, input) => sum + Number(input.shape[1]), 0);
    return { output: onnx.node("Concat", inputs, first.shape.with(1, channels), { axis: 1 }) };
  },
  backward(onnx, inputs, _forward, dOutput, wanted) {
    let start = 0;
    return inputs.map((input, index) => {
      const range = { axis: 1, start, count: sizes(input)[1]! };
      start += range.count;
      return wanted[index] ? slice(onnx, dOutput, [range]) : undefined;
    });
  },
};

export const flatten: Op<"flatten"> = {
  forward(onnx, inputs) {
    const [x] = take(inputs, "x");
    const [batch, ...rest] = x.shape;
    const features = rest.reduce<number>((product, size) => product * Number(size), 1);
    return { output: onnx.node("Flatten", [x], [batch!, features], { axis: 1 }) };
  },
  backward(onnx, inputs, _forward, dOutput) {
    const [x] = take(inputs, "x");
    return [reshape(onnx, dOutput, sizes(x))];
  },
};
