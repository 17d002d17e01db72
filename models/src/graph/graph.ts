/**
 * A differentiable graph as plain data: calls of a few operators on named values, parameters and statistics.
 *
 * A network is described once, here; training steps, inference models, counts and the reference of the tests are derived from it. Shapes
 * omit the batch, which every value has as its first axis.
 */

import { MeanetError } from "@meanet/runtime";
import { elementCount } from "../element-count.ts";

export type Shape = readonly number[];

/** Of the two axes of a map: [height, width]. A window over time has height 1. */
export type Pair = readonly [number, number];

/** What each operator needs beside its inputs. */
interface OpAttributes {
  /** `[x, weight]`; an odd kernel and padding (kernel − 1) / 2, so that stride 1 keeps the size; no bias. */
  conv: { readonly kernel: Pair; readonly stride: Pair };
  /** `[x, gamma, beta]`; the name of its {@link Statistic}. */
  batchNorm: { readonly statistic: string };
  /** `[x]` */
  relu: Record<never, never>;
  /** `[a, b]`, of one shape. */
  add: Record<never, never>;
  /** Any number of maps of one size, joined along their channels. */
  concat: Record<never, never>;
  /** `[x]`; no padding: what the last whole window leaves over is not seen. */
  averagePool: { readonly kernel: Pair; readonly stride: Pair };
  /** `[x]` */
  flatten: Record<never, never>;
  /** `[x, weight, bias]` */
  linear: Record<never, never>;
}

export type OpName = keyof OpAttributes;

/** One use of an operator. `O` ties the attributes to the operator's name. */
export type Call<O extends OpName = OpName> = {
  [K in O]: {
    readonly op: K;
    readonly name: string;
    /** Names of values or parameters. */
    readonly inputs: readonly string[];
    readonly output: string;
    readonly attributes: OpAttributes[K];
  };
}[O];

/** How {@link initialise} fills a parameter: `he` with variance 2/fan-in, `linear` with variance 1/fan-in. */
export type Initial = "he" | "linear" | "ones" | "zeros";

/** A slice of the flat vector theta. */
export interface Parameter {
  readonly name: string;
  readonly shape: Shape;
  /** In elements. */
  readonly offset: number;
  readonly size: number;
  /** Whether weight decay applies: to weights, not to biases nor to batch normalisation. */
  readonly decay: boolean;
  readonly initial: Initial;
}

/** A slice of the flat vector of statistics: `channels` means at `offset`, then as many variances. */
export interface Statistic {
  readonly name: string;
  readonly channels: number;
  readonly offset: number;
}

export interface Graph {
  /** Shape of every value, inputs and outputs included, by name. */
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly inputs: readonly string[];
  /** Value behind each output, by the output's name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** In the order of computation. */
  readonly calls: readonly Call[];
  /** In the order of theta. */
  readonly parameters: readonly Parameter[];
  readonly statistics: readonly Statistic[];
}

/** Elements of theta. */
export function parameterCount(graph: Graph): number {
  return graph.parameters.reduce((sum, { size }) => sum + size, 0);
}

/** Elements of the vector of statistics. */
export function statisticCount(graph: Graph): number {
  return graph.statistics.reduce((sum, { channels }) => sum + 2 * channels, 0);
}

/** Grows a {@link Graph} call by call; methods return the name of the value made, which is also the call's. */
export class GraphBuilder {
  readonly #shapes = new Map<string, Shape>();
  readonly #inputs: string[] = [];
  readonly #calls: Call[] = [];
  readonly #parameters: Parameter[] = [];
  readonly #statistics: Statistic[] = [];
  #parameterEnd = 0;
  #statisticEnd = 0;

  /** @throws {MeanetError} NETWORK_INVALID when the name is not one of a value */
  shape(value: string): Shape {
    const shape = this.#shapes.get(value);
    if (shape === undefined)
      throw new MeanetError("NETWORK_INVALID", `there is no value "${value}"`, { value });
    return shape;
  }

  input(name: string, shape: Shape): string {
    this.#define(name, shape);
    this.#inputs.push(name);
    return name;
  }

  /** @param kernel - odd; one number for both axes, or one for each, as `stride` */
  conv(name: string, x: string, channels: number, kernel: number | Pair, stride: number | Pair): string {
    const [inChannels, height, width] = this.#map(name, x);
    const attributes = { kernel: pair(kernel), stride: pair(stride) };
    if (attributes.kernel.some((side) => side % 2 === 0)) {
      this.#refuse(name, `has a kernel of ${attributes.kernel.join("x")}; expected odd sides`);
    }
    const weight = this.#parameter(
      `${name}.weight`,
      [channels, inChannels, ...attributes.kernel],
      true,
      "he",
    );
    this.#calls.push({ op: "conv", name, inputs: [x, weight], output: name, attributes });
    const [strideY, strideX] = attributes.stride;
    return this.#define(name, [channels, strided(height, strideY), strided(width, strideX)]);
  }

  batchNorm(name: string, x: string): string {
    const [channels] = this.#map(name, x);
    const gamma = this.#parameter(`${name}.gamma`, [channels], false, "ones");
    const beta = this.#parameter(`${name}.beta`, [channels], false, "zeros");
    this.#statistics.push({ name, channels, offset: this.#statisticEnd });
    this.#statisticEnd += 2 * channels;
    const attributes = { statistic: name };
    this.#calls.push({ op: "batchNorm", name, inputs: [x, gamma, beta], output: name, attributes });
    return this.#define(name, this.shape(x));
  }

  relu(name: string, x: string): string {
    this.#calls.push({ op: "relu", name, inputs: [x], output: name, attributes: {} });
    return this.#define(name, this.shape(x));
  }

  add(name: string, a: string, b: string): string {
    if (this.shape(a).join() !== this.shape(b).join()) {
      this.#refuse(
        name,
        `adds "${a}" [${this.shape(a).join(", ")}] and "${b}" [${this.shape(b).join(", ")}]; expected one shape`,
      );
    }
    this.#calls.push({ op: "add", name, inputs: [a, b], output: name, attributes: {} });
    return this.#define(name, this.shape(a));
  }

  concat(name: string, maps: readonly string[]): string {
    const shapes = maps.map((map) => this.#map(name, map));
    const [first] = shapes;
    if (first === undefined || shapes.some(([, h, w]) => h !== first[1] || w !== first[2])) {
      this.#refuse(
        name,
        `joins maps of sizes ${shapes.map((s) => `[${s.join(", ")}]`).join(", ")}; expected one height and width`,
      );
    }
    const channels = shapes.reduce((sum, shape) => sum + shape[0], 0);
    this.#calls.push({ op: "concat", name, inputs: maps, output: name, attributes: {} });
    return this.#define(name, [channels, first[1], first[2]]);
  }

  /** @param window - sides of the window and its strides, or "global" for the whole map */
  averagePool(
    name: string,
    x: string,
    window: { kernel: number | Pair; stride: number | Pair } | "global",
  ): string {
    const [channels, height, width] = this.#map(name, x);
    const kernel = window === "global" ? ([height, width] as const) : pair(window.kernel);
    const stride = window === "global" ? ([1, 1] as const) : pair(window.stride);
    if (kernel[0] > height || kernel[1] > width) {
      this.#refuse(
        name,
        `pools windows of ${kernel.join("x")} on a map of ${height}x${width}; expected smaller ones`,
      );
    }
    this.#calls.push({ op: "averagePool", name, inputs: [x], output: name, attributes: { kernel, stride } });
    const pooled = (size: number, axis: 0 | 1): number =>
      Math.floor((size - kernel[axis]) / stride[axis]) + 1;
    return this.#define(name, [channels, pooled(height, 0), pooled(width, 1)]);
  }

  flatten(name: string, x: string): string {
    this.#calls.push({ op: "flatten", name, inputs: [x], output: name, attributes: {} });
    return this.#define(name, [elementCount(this.shape(x))]);
  }

  linear(name: string, x: string, outputs: number): string {
    const [features, ...rest] = this.shape(x);
    if (features === undefined || rest.length > 0) {
      this.#refuse(name, `takes "${x}" [${this.shape(x).join(", ")}]; expected a vector: flatten first`);
    }
    const weight = this.#parameter(`${name}.weight`, [outputs, features], true, "linear");
    const bias = this.#parameter(`${name}.bias`, [outputs], false, "zeros");
    this.#calls.push({ op: "linear", name, inputs: [x, weight, bias], output: name, attributes: {} });
    return this.#define(name, [outputs]);
  }

  /** @param outputs - the values that leave the graph, by the names they leave under */
  build(outputs: Readonly<Record<string, string>>): Graph {
    for (const value of Object.values(outputs)) this.shape(value);
    return {
      shapes: this.#shapes,
      inputs: this.#inputs,
      outputs,
      calls: this.#calls,
      parameters: this.#parameters,
      statistics: this.#statistics,
    };
  }

  #define(name: string, shape: Shape): string {
    if (this.#shapes.has(name)) this.#refuse(name, "exists already; expected a new name");
    this.#shapes.set(name, shape);
    return name;
  }

  #parameter(name: string, shape: Shape, decay: boolean, initial: Initial): string {
    const size = elementCount(shape);
    this.#parameters.push({ name, shape, offset: this.#parameterEnd, size, decay, initial });
    this.#parameterEnd += size;
    return name;
  }

  #map(name: string, x: string): readonly [number, number, number] {
    const [channels, height, width, ...rest] = this.shape(x);
    if (channels === undefined || height === undefined || width === undefined || rest.length > 0) {
      this.#refuse(name, `takes "${x}" [${this.shape(x).join(", ")}]; expected [channels, height, width]`);
    }
    return [channels, height, width];
  }

  #refuse(name: string, problem: string): never {
    throw new MeanetError("NETWORK_INVALID", `layer "${name}" ${problem}`, { layer: name });
  }
}

function pair(sides: number | Pair): Pair {
  return typeof sides === "number" ? [sides, sides] : sides;
}

/** Size of a padded convolution's output: every `stride`-th position, the first included. */
function strided(size: number, stride: number): number {
  return Math.ceil(size / stride);
}
