import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { openSession, Tensor } from "@meanet/inference/session";
import { AttributeProto_AttributeType, ModelProtoSchema, TensorProto_DataType } from "onnx-buf";
import { pad, reshape, slice } from "./nodes.ts";
import { OnnxGraph } from "./onnx-graph.ts";
import { irVersion, opset, writeOnnx } from "./write.ts";

/** One of everything: open and fixed sizes, both element types, every kind of attribute, an input left out. */
function sample(): OnnxGraph {
  const graph = new OnnxGraph();
  const x = graph.input("x", "float32", ["N", 3]);
  const scaled = graph.node("Gemm", [x, graph.floats([1, 2, 3, 4, 5, 6], [3, 2])], ["N", 2], {
    alpha: { float: 0.5 },
    transA: 0,
  });
  graph.scope = "layer";
  const transposed = graph.node("Transpose", [scaled], [2, "N"], { perm: [1, 0] });
  const clipped = graph.node("Clip", [transposed, undefined, graph.scalar(100)], [2, "N"]);
  graph.output("y", clipped);
  return graph;
}

test("what is written reads back as the same model through ONNX's own schema", () => {
  const model = fromBinary(ModelProtoSchema, writeOnnx(sample(), "sample"));
  assert.equal(model.irVersion, BigInt(irVersion));
  assert.deepEqual(
    model.opsetImport.map(({ domain, version }) => [domain, version]),
    [["", BigInt(opset)]],
  );
  const graph = model.graph!;
  assert.equal(graph.name, "sample");

  const value = (info: (typeof graph.input)[number]): unknown => {
    const type = info.type!.value;
    assert.equal(type.case, "tensorType");
    return [info.name, type.value.elemType, type.value.shape!.dim.map((dim) => dim.value.value)];
  };
  assert.deepEqual(graph.input.map(value), [["x", TensorProto_DataType.FLOAT, ["N", 3n]]]);
  assert.deepEqual(graph.output.map(value), [["y", TensorProto_DataType.FLOAT, [2n, "N"]]]);

  assert.deepEqual(
    graph.node.map(({ opType }) => opType),
    ["Gemm", "Transpose", "Clip", "Identity"],
  );
  assert.match(graph.node[1]!.name, /^layer\//);
  assert.equal(graph.node[2]!.input[1], "");
  const [alpha, transA] = graph.node[0]!.attribute;
  assert.deepEqual([alpha!.name, alpha!.type, alpha!.f], ["alpha", AttributeProto_AttributeType.FLOAT, 0.5]);
  assert.deepEqual([transA!.name, transA!.type, transA!.i], ["transA", AttributeProto_AttributeType.INT, 0n]);
  const [perm] = graph.node[1]!.attribute;
  assert.deepEqual([perm!.type, perm!.ints], [AttributeProto_AttributeType.INTS, [1n, 0n]]);

  const [weights, limit] = graph.initializer;
  assert.deepEqual([weights!.dataType, weights!.dims], [TensorProto_DataType.FLOAT, [3n, 2n]]);
  assert.deepEqual(Array.from(new Float32Array(weights!.rawData.slice().buffer)), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(limit!.dims, []);
});

test("negative integers and texts survive", () => {
  const graph = new OnnxGraph();
  const x = graph.input("x", "int64", [2]);
  graph.integers([-1, -(2 ** 31), 300]);
  graph.node("Anything", [x], [2], { axis: -1, mode: "grüße" }, "int64");
  const read = fromBinary(ModelProtoSchema, writeOnnx(graph, "g")).graph!;
  assert.deepEqual(Array.from(new BigInt64Array(read.initializer[0]!.rawData.slice().buffer)), [
    -1n,
    -(2n ** 31n),
    300n,
  ]);
  const [axis, mode] = read.node[0]!.attribute;
  assert.equal(axis!.i, -1n);
  assert.equal(new TextDecoder().decode(mode!.s), "grüße");
  assert.equal(mode!.type, AttributeProto_AttributeType.STRING);
});

test("equal integer constants are kept once", () => {
  const graph = new OnnxGraph();
  assert.equal(graph.integers([1, 2]), graph.integers([1, 2]));
  graph.integers([12]);
  assert.equal(graph.constants.length, 2);
});

test("an ordinary session runs what is written, with any batch where it is open", async () => {
  const session = await openSession(writeOnnx(sample(), "sample"));
  for (const batch of [1, 3]) {
    const x = new Float32Array(batch * 3).fill(2);
    const { y } = await session.run({ x: new Tensor("float32", x, [batch, 3]) });
    assert.deepEqual(y!.dims, [2, batch]);
    assert.deepEqual(Array.from(y!.data as Float32Array), [
      ...Array(batch).fill(9),
      ...Array(batch).fill(12),
    ]);
  }
  await session.close();
});

test("slices walk forwards, in steps and backwards; padding surrounds", async () => {
  const graph = new OnnxGraph();
  const x = graph.input("x", "float32", [2, 3]);
  graph.output("backwards", slice(graph, x, [{ axis: 1, start: 2, count: 3, step: -1 }]));
  graph.output("steps", slice(graph, x, [{ axis: 1, start: 0, count: 2, step: 2 }]));
  graph.output("part", slice(graph, x, [{ axis: 0, start: 1, count: 1 }]));
  graph.output("padded", pad(graph, reshape(graph, x, [6]), 0, [1], [2]));
  assert.equal(slice(graph, x, [{ axis: 1, start: 0, count: 3 }]), x);
  assert.equal(pad(graph, x, 0, [0, 0], [0, 0]), x);

  const session = await openSession(writeOnnx(graph, "slices"));
  const outputs = await session.run({ x: new Tensor("float32", [1, 2, 3, 4, 5, 6], [2, 3]) });
  await session.close();
  const values = Object.entries(outputs).map(([name, tensor]) => [
    name,
    tensor.dims,
    Array.from(tensor.data as Float32Array),
  ]);
  assert.deepEqual(values, [
    ["backwards", [2, 3], [3, 2, 1, 6, 5, 4]],
    ["steps", [2, 2], [1, 3, 4, 6]],
    ["part", [1, 3], [4, 5, 6]],
    ["padded", [9], [0, 1, 2, 3, 4, 5, 6, 0, 0]],
  ]);
});
