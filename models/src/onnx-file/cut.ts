import { create } from "@bufbuild/protobuf";
import { type GraphProto, ValueInfoProtoSchema } from "onnx-buf";
import { bodiesOf, OnnxFile, readsOf } from "./onnx-file.ts";

/**
 * The part of a model that some of its tensors need: they become its only outputs, and what does not lead to them goes.
 *
 * Types and shapes of the outputs stay open: ONNX Runtime finds them. Names stay as they are. The model given is not changed.
 *
 * @param tensors - names of tensors that nodes make
 */
export function cut(file: OnnxFile, tensors: readonly string[]): OnnxFile {
  const copy = OnnxFile.read(file.write());
  const { graph } = copy;
  const needed = new Set(tensors);
  // Nodes stand in the order of computation: backwards, every reader comes before what it reads.
  for (const node of graph.node.toReversed()) {
    if (node.output.some((name) => needed.has(name))) for (const name of readsOf(node)) needed.add(name);
  }
  copy.removeNodes(new Set(graph.node.filter((node) => !node.output.some((name) => needed.has(name)))));
  graph.sparseInitializer = graph.sparseInitializer.filter(({ values }) => needed.has(values?.name ?? ""));
  graph.output = [...new Set(tensors)].map((name) => create(ValueInfoProtoSchema, { name }));
  // Shapes written down for the whole, or for another batch, would contradict what the graph computes.
  graph.valueInfo = [];
  // Exporters write where the code lay on its author's disk.
  for (const node of graph.node) node.docString = "";
  copy.removeUnusedConstants();
  return copy;
}

/**
 * Gives tensors other names, wherever they are read or written. A tensor that has one of the new names already makes way.
 *
 * @param names - new name by old name; changes `file`
 */
export function rename(file: OnnxFile, names: ReadonlyMap<string, string>): void {
  const taken = new Set([...namesOf(file.graph), ...file.constants.keys()]);
  const full = new Map(names);
  for (const wanted of names.values()) {
    if (!taken.has(wanted) || names.has(wanted)) continue;
    let free = `${wanted}.inner`;
    while (taken.has(free)) free = `${free}.inner`;
    taken.add(free);
    full.set(wanted, free);
  }
  renameGraph(file.graph, full);
  const constants = [...file.constants.values()];
  file.constants.clear();
  for (const tensor of constants) {
    tensor.name = full.get(tensor.name) ?? tensor.name;
    file.addConstant(tensor);
  }
}

function renameGraph(graph: GraphProto, names: ReadonlyMap<string, string>): void {
  const renamed = (name: string): string => names.get(name) ?? name;
  for (const node of graph.node) {
    node.input = node.input.map(renamed);
    node.output = node.output.map(renamed);
    for (const body of bodiesOf(node)) renameGraph(body, names);
  }
  for (const value of [...graph.input, ...graph.output, ...graph.valueInfo]) value.name = renamed(value.name);
  for (const { values } of graph.sparseInitializer) {
    if (values !== undefined) values.name = renamed(values.name);
  }
}

function namesOf(graph: GraphProto): string[] {
  return [
    ...graph.node.flatMap((node) => [...node.output, ...bodiesOf(node).flatMap(namesOf)]),
    ...graph.input.map(({ name }) => name),
  ];
}
