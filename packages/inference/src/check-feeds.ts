import { MeanetError } from "@meanet/runtime";
import type { ValueInfo } from "./session.ts";
import type { TensorData, TensorViews } from "./tensor-view.ts";

/**
 * Checks tensors against the inputs of a model before anything is sent to it.
 *
 * By name: exactly the inputs; by type; by rank and every fixed dimension. A named dimension (`N`) has one size across all inputs, and
 * dims multiply to the length of the data.
 *
 * @throws {MeanetError} MODEL_INPUT_MISMATCH, which lists all differences at once
 */
export function checkFeeds(engine: string, inputs: readonly ValueInfo[], feeds: TensorViews): void {
  const problems: string[] = [];
  const names = new Set(inputs.map((input) => input.name));
  const missing = [...names].filter((name) => !Object.hasOwn(feeds, name));
  const unknown = Object.keys(feeds).filter((name) => !names.has(name));
  if (missing.length > 0) problems.push(`missing: ${missing.join(", ")}`);
  if (unknown.length > 0) problems.push(`not an input: ${unknown.join(", ")}`);

  const sizes = new Map<string, { size: number; input: string }>();
  for (const { name, type, shape } of inputs) {
    const feed = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
    if (feed === undefined) continue;
    const { data, dims } = feed;
    if (!fits(type, data)) problems.push(`${name}: expected ${type}, received ${data.constructor.name}`);
    const count = dims.reduce((product, dim) => product * dim, 1);
    if (!dims.every((dim) => Number.isInteger(dim) && dim >= 0) || count !== data.length) {
      problems.push(`${name}: dims [${dims.join(",")}] do not multiply to its ${data.length} numbers`);
    }
    const differs =
      dims.length !== shape.length || shape.some((dim, i) => typeof dim === "number" && dim !== dims[i]);
    if (differs) problems.push(`${name}: expected [${shape.join(",")}], received [${dims.join(",")}]`);
    for (const [i, dim] of shape.entries()) {
      const size = dims[i];
      if (typeof dim === "number" || dim === "" || size === undefined) continue;
      const first = sizes.get(dim);
      if (first === undefined) sizes.set(dim, { size, input: name });
      else if (first.size !== size) {
        problems.push(`${name}: ${dim} is ${size}, but ${first.size} in ${first.input}`);
      }
    }
  }
  if (problems.length > 0) {
    throw new MeanetError("MODEL_INPUT_MISMATCH", `${engine}: ${problems.join("; ")}`, { engine, problems });
  }
}

function fits(type: ValueInfo["type"], data: TensorData): boolean {
  switch (type) {
    case "float32":
      return data instanceof Float32Array;
    case "int64":
      return data instanceof BigInt64Array;
    case "int32":
      return data instanceof Int32Array;
    case "uint8":
    case "bool":
      return data instanceof Uint8Array;
    default:
      return false;
  }
}
