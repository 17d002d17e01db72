/**
 * An ONNX file that can be read, changed node by node, and written again, whoever made it.
 *
 * The messages are ONNX's own (`onnx-buf`), kept as they are: what nobody touches is written as it was read.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { MeanetError } from "@meanet/runtime";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  ValueInfoProtoSchema,
} from "onnx-buf";

export class OnnxFile {
  readonly #model: ModelProto;
  readonly #graph: GraphProto;
  /** Constants by name; those of `Constant` nodes too. */
  readonly constants: Map<string, TensorProto>;

  private constructor(model: ModelProto, graph: GraphProto) {
    this.#model = model;
    this.#graph = graph;
    this.constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    this.#liftConstantNodes();
  }

  /**
   * @param name - what messages call the file
   * @throws {MeanetError} MODEL_INVALID when the bytes are no ONNX model; MODEL_UNSUPPORTED when its weights lie in other files
   */
  static read(bytes: Uint8Array, name = `a file of ${bytes.length} bytes`): OnnxFile {
    let model: ModelProto;
    try {
      model = fromBinary(ModelProtoSchema, bytes);
    } catch (cause) {
      throw new MeanetError(
        "MODEL_INVALID",
        `${name} is no ONNX model; give a .onnx file`,
        { file: name, bytes: bytes.length },
        { cause },
      );
    }
    if (model.graph === undefined || model.graph.node.length === 0) {
      throw new MeanetError(
        "MODEL_INVALID",
        `${name} is no ONNX model: it has no graph; give a .onnx file with nodes`,
        { file: name, bytes: bytes.length },
      );
    }
    const tensors = model.graph.initializer.concat(
      model.graph.node.flatMap((node) => constantOf(node) ?? []),
    );
    refuseOutsideData(tensors, name);
    if (inOrder(model.graph.node) === undefined) {
      throw new MeanetError(
        "MODEL_INVALID",
        `${name} is no ONNX model: some of its nodes wait for one another; export it again`,
        { file: name },
      );
    }
    return new OnnxFile(model, model.graph);
  }

  /** The bytes of the file, its nodes in an order in which each finds its inputs made. */
  write(): Uint8Array {
    this.#graph.initializer = [...this.constants.values()];
    // Without an order it is written as it is: ONNX Runtime refuses it by name.
    this.#graph.node = inOrder(this.#graph.node) ?? this.#graph.node;
    return toBinary(ModelProtoSchema, this.#model);
  }

  /** The version of ONNX's own operators; 0 when the file names none. */
  get opset(): number {
    const own = this.#model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx");
    return Number(own?.version ?? 0n);
  }

  /** The messages themselves. Constants stand in `constants` until the file is written. */
  get model(): ModelProto {
    return this.#model;
  }

  get graph(): GraphProto {
    return this.#graph;
  }

  /** In the order of the file. */
  get nodes(): readonly NodeProto[] {
    return this.#graph.node;
  }

  /** Names of what is fed. Old files list constants here too; those are left out. */
  get inputs(): readonly string[] {
    return this.#graph.input.map(({ name }) => name).filter((name) => !this.constants.has(name));
  }

  get outputs(): readonly string[] {
    return this.#graph.output.map(({ name }) => name);
  }

  /** The nodes that read each tensor. */
  consumers(): Map<string, NodeProto[]> {
    const readers = new Map<string, NodeProto[]>();
    for (const node of this.nodes) {
      for (const name of new Set(node.input)) {
        const known = readers.get(name);
        if (known === undefined) readers.set(name, [node]);
        else known.push(node);
      }
    }
    return readers;
  }

  /** The node that makes each tensor. */
  producers(): Map<string, NodeProto> {
    return new Map(this.nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  }

  addNode(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): void {
    this.#graph.node.push(
      create(NodeProtoSchema, {
        // No two nodes may share a name, and those that were here may be named like what they make.
        name: `${op}:${output}`,
        opType: op,
        input: [...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => integerAttribute(name, value)),
      }),
    );
  }

  removeNodes(gone: ReadonlySet<NodeProto>): void {
    this.#graph.node = this.#graph.node.filter((node) => !gone.has(node));
  }

  addConstant(tensor: TensorProto): string {
    this.constants.set(tensor.name, tensor);
    return tensor.name;
  }

  /** Forgets the constants that no node reads any more. */
  removeUnusedConstants(): void {
    const used = new Set([...this.nodes.flatMap(readsOf), ...this.outputs]);
    const gone = new Set([...this.constants.keys()].filter((name) => !used.has(name)));
    for (const name of gone) this.constants.delete(name);
    // Old files list constants among the inputs: a name without its constant would have to be fed.
    this.#graph.input = this.#graph.input.filter(({ name }) => !gone.has(name));
  }

  /** Makes a tensor inside the model one of its outputs; ONNX Runtime infers type and shape. */
  addOutput(name: string): void {
    if (!this.outputs.includes(name)) this.#graph.output.push(create(ValueInfoProtoSchema, { name }));
  }

  #liftConstantNodes(): void {
    const lifted = new Set<NodeProto>();
    for (const node of this.#graph.node) {
      const value = constantOf(node);
      const [output] = node.output;
      if (value === undefined || output === undefined) continue;
      value.name = output;
      this.constants.set(output, value);
      lifted.add(node);
    }
    this.removeNodes(lifted);
  }
}

/** The graphs inside a node, such as the branches of an `If`. */
export function bodiesOf(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
}

/** All tensors that a node reads, those that its bodies take from outside included. */
export function readsOf(node: NodeProto): string[] {
  const inner = bodiesOf(node).flatMap(({ node: nodes, output }) => [
    ...nodes.flatMap(readsOf),
    ...output.map(({ name }) => name),
  ]);
  return [...node.input, ...inner].filter((name) => name !== "");
}

/** The tensor that a `Constant` node holds. */
function constantOf(node: NodeProto): TensorProto | undefined {
  return node.opType === "Constant" ? attribute(node, "value")?.t : undefined;
}

function refuseOutsideData(tensors: readonly TensorProto[], name: string): void {
  const outside = tensors.find(({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL);
  if (outside === undefined) return;
  const place = outside.externalData.find(({ key }) => key === "location")?.value ?? "another file";
  throw new MeanetError(
    "MODEL_UNSUPPORTED",
    `${name} keeps "${outside.name}" in ${place}; expected one file: save it again without external data`,
    { file: name, tensor: outside.name, location: place },
  );
}

/** Integer attributes of a new node, and lists of integers. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((entry) => entry.name === name);
}

/** Value of an integer attribute, or what the operator takes without it. */
export function integerOf(node: NodeProto, name: string, otherwise: number): number {
  const found = attribute(node, name);
  return found === undefined ? otherwise : Number(found.i);
}

/** Value of a float attribute, or what the operator takes without it. */
export function floatOf(node: NodeProto, name: string, otherwise: number): number {
  return attribute(node, name)?.f ?? otherwise;
}

function integerAttribute(name: string, value: number | readonly number[]): AttributeProto {
  return typeof value === "number"
    ? create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) })
    : create(AttributeProtoSchema, {
        name,
        type: AttributeProto_AttributeType.INTS,
        ints: value.map(BigInt),
      });
}

/** Depth first from the file's order, so that nodes that were in order stay where they were; undefined where nodes wait in a circle. */
function inOrder(nodes: readonly NodeProto[]): NodeProto[] | undefined {
  const makers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const done = new Set<NodeProto>();
  /** Those that wait for what is above them in `open`. */
  const waits = new Set<NodeProto>();
  const open = [...nodes].reverse();
  while (open.length > 0) {
    const node = open.at(-1)!;
    const waiting = node.input
      .map((name) => makers.get(name))
      .filter((maker) => maker !== undefined && maker !== node && !done.has(maker));
    if (done.has(node) || waiting.length === 0) {
      done.add(node);
      open.pop();
    } else {
      waits.add(node);
      for (const maker of waiting) {
        if (maker === undefined) continue;
        if (waits.has(maker)) return undefined;
        open.push(maker);
      }
    }
  }
  return [...done];
}
