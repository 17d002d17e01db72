/** Mean of windows without padding. */
import { binary, reshape, sizes } from "../onnx/nodes.ts";
import { type Op, take } from "./op.ts";

export const averagePool: Op<"averagePool"> = {
  forward(onnx, inputs, { attributes: { kernel, stride } }) {
    const [x] = take(inputs, "x");
    const [batch, channels, height, width] = x.shape;
    const pooled = [height, width].map((size, axis) =>
      Math.floor((Number(size) - kernel[axis]!) / stride[axis]! + 1),
    );
    const attributes = { kernel_shape: kernel, strides: stride };
    return { output: onnx.node("AveragePool", [x], [batch!, channels!, ...pooled], attributes) };
  },

  /** Spreads each gradient evenly over its window: a transposed convolution of every channel with the constant 1/(kh·kw). */
  backward(onnx, inputs, _forward, dOutput, _wanted, { attributes: { kernel, stride } }) {
    const [x] = take(inputs, "x");
    const [batch, channels, height, width] = sizes(x);
    const [, , pooledHeight, pooledWidth] = sizes(dOutput);
    const share = 1 / (kernel[0] * kernel[1]);
    if (pooledHeight === 1 && pooledWidth === 1 && kernel[0] === height && kernel[1] === width) {
      const scaled = binary(onnx, "Mul", dOutput, onnx.scalar(share));
      return [onnx.node("Expand", [scaled, onnx.integers(sizes(x))], x.shape)];
    }
    const maps = reshape(onnx, dOutput, [batch! * channels!, 1, pooledHeight!, pooledWidth!]);
    const window = onnx.floats(new Float32Array(kernel[0] * kernel[1]).fill(share), [1, 1, ...kernel]);
    const spread = onnx.node("ConvTranspose", [maps, window], [batch! * channels!, 1, height!, width!], {
      kernel_shape: kernel,
      strides: stride,
      output_padding: [
        height! - ((pooledHeight! - 1) * stride[0] + kernel[0]),
        width! - ((pooledWidth! - 1) * stride[1] + kernel[1]),
      ],
    });
    return [reshape(onnx, spread, sizes(x))];
  },
};
