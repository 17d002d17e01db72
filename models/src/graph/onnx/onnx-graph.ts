/**
 * A graph of ONNX nodes as plain data, grown node by node: every method adds and returns the tensor it made.
 *
 * Tensors carry their shape, so that what needs a size (padding, reshaping, a mean's divisor) reads it where it is needed.
 * A model for training has a fixed batch; one for inference calls its batch `"N"` and takes any.
 */
export type Dim = number | "N";
export type ElementType = "float32" | "int64";

export interface Tensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dim[];
}

/** An integer, a list of integers, a text, or a float, which must say so: `{ float: 1 }`. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxConstant extends Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export class OnnxGraph {
  readonly inputs: Tensor[] = [];
  readonly outputs: Tensor[] = [];
  readonly constants: OnnxConstant[] = [];
  readonly nodes: OnnxNode[] = [];
  /** Prefix of the names of new nodes: the layer they come from, so that a profile of the runtime reads as the network. */
  scope = "";
  readonly #integers = new Map<string, Tensor>();

  input(name: string, type: ElementType, shape: readonly Dim[]): Tensor {
    const tensor = { name, type, shape };
    this.inputs.push(tensor);
    return tensor;
  }

  /** Names a tensor as an output of the model. */
  output(name: string, tensor: Tensor): void {
    this.nodes.push({ op: "Identity", inputs: [tensor.name], output: name, attributes: {} });
    this.outputs.push({ ...tensor, name });
  }

  node(
    op: string,
    inputs: readonly (Tensor | undefined)[],
    shape: readonly Dim[],
    attributes: Readonly<Record<string, Attribute>> = {},
    type: ElementType = "float32",
  ): Tensor {
    const name = this.#name(op);
    // An input left out is an empty name (ONNX IR, "Optional Inputs and Outputs").
    this.nodes.push({ op, inputs: inputs.map((input) => input?.name ?? ""), output: name, attributes });
    return { name, type, shape };
  }

  /** A constant of floats; without a shape, a vector. */
  floats(data: Float32Array | readonly number[], shape: readonly number[] = [data.length]): Tensor {
    const constant: OnnxConstant = {
      name: this.#name("floats"),
      type: "float32",
      shape,
      data: data instanceof Float32Array ? data : Float32Array.from(data),
    };
    this.constants.push(constant);
    return constant;
  }

  scalar(value: number): Tensor {
    return this.floats([value], []);
  }

  /** A constant vector of integers: axes, shapes, slice bounds. Equal ones are kept once. */
  integers(values: readonly number[]): Tensor {
    const key = values.join();
    const known = this.#integers.get(key);
    if (known !== undefined) return known;
    const constant: OnnxConstant = {
      name: `integers_${this.#integers.size}`,
      type: "int64",
      shape: [values.length],
      data: BigInt64Array.from(values, BigInt),
    };
    this.constants.push(constant);
    this.#integers.set(key, constant);
    return constant;
  }

  #name(kind: string): string {
    const name = `${kind}_${this.nodes.length + this.constants.length}`;
    return this.scope === "" ? name : `${this.scope}/${name}`;
  }
}
