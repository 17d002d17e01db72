/** Tiny ONNX models as bytes, written by hand: onnx.proto3 of ONNX 1.20, field numbers beside each message. */

const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7 } as const;

export interface FixtureValue {
  readonly name: string;
  readonly type?: keyof typeof elementTypes;
  readonly shape: readonly (number | string)[];
}

export interface FixtureNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes of type INTS or INT. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface FixtureGraph {
  readonly inputs: readonly FixtureValue[];
  readonly outputs: readonly FixtureValue[];
  readonly nodes: readonly FixtureNode[];
  /** Constants, float32. */
  readonly constants?: Readonly<Record<string, { dims: readonly number[]; data: Float32Array }>>;
}

/** ModelProto: ir_version 1, graph 7, opset_import 8. */
export function onnxModel(graph: FixtureGraph): Uint8Array {
  const body = [
    ...graph.nodes.map((node) => bytes(1, nodeProto(node))),
    text(2, "fixture"),
    ...Object.entries(graph.constants ?? {}).map(([name, { dims, data }]) =>
      bytes(5, [
        ...dims.map((dim) => integer(1, dim)),
        integer(2, elementTypes.float32),
        text(8, name),
        bytes(9, [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]),
      ]),
    ),
    ...graph.inputs.map((value) => bytes(11, valueInfo(value))),
    ...graph.outputs.map((value) => bytes(12, valueInfo(value))),
  ];
  return Buffer.concat([integer(1, 8), bytes(7, body), bytes(8, [text(1, ""), integer(2, 17)])]);
}

/** NodeProto: input 1, output 2, op_type 4, attribute 5 (AttributeProto: name 1, i 3, ints 8, type 20). */
function nodeProto(node: FixtureNode): Uint8Array[] {
  const attributes = Object.entries(node.attributes ?? {}).map(([name, value]) =>
    typeof value === "number"
      ? bytes(5, [text(1, name), integer(3, value), integer(20, 2)])
      : bytes(5, [text(1, name), ...value.map((item) => integer(8, item)), integer(20, 7)]),
  );
  return [
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(4, node.op),
    ...attributes,
  ];
}

/** ValueInfoProto: name 1, type 2 → tensor_type 1 → elem_type 1, shape 2 → dim 1 → dim_value 1 | dim_param 2. */
function valueInfo(value: FixtureValue): Uint8Array[] {
  const dims = value.shape.map((dim) => bytes(1, [typeof dim === "number" ? integer(1, dim) : text(2, dim)]));
  const tensor = bytes(1, [integer(1, elementTypes[value.type ?? "float32"]), bytes(2, dims)]);
  return [text(1, value.name), bytes(2, [tensor])];
}

function varint(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest];
    out.push((rest % 128) | 0x80);
  }
}

function integer(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

function bytes(field: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.from([...varint(field * 8 + 2), ...varint(body.byteLength)]), body]);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, [Buffer.from(value)]);
}
