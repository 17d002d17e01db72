import { MeanetError } from "@meanet/runtime";
import { frameShapeText, type TensorFacts } from "./inspect.ts";
import type { OnnxFile } from "./onnx-file.ts";

/** Names listed in a message; more help nobody. */
const MOST_NAMES = 12;
/** Operators that make probabilities of logits. */
const squashing = ["Softmax", "Sigmoid"];

/**
 * The feature map F1: a tensor `[N, c, h, w]`.
 *
 * @param name - what messages call the file
 * @throws {MeanetError} TENSOR_UNKNOWN, MODEL_UNSUPPORTED
 */
export function featureTensor(
  tensors: readonly TensorFacts[],
  wanted: string | undefined,
  name: string,
): TensorFacts {
  if (wanted === undefined) {
    throw new MeanetError(
      "TENSOR_UNKNOWN",
      `${name}: no feature tensor is named; expected the last map before pooling, one of: ${listed(maps(tensors))}`,
      { file: name },
    );
  }
  const found = find(tensors, wanted, name);
  if (isMap(found)) return found;
  throw unsupported(
    name,
    `"${wanted}" is ${found.type} ${frameShapeText(found.dims)}; expected a map of features, float32 [N, c, h, w], such as: ${listed(maps(tensors))}`,
  );
}

/**
 * The logits: a tensor `[N, classes]`. Where the tensor named is made by a `Softmax` or `Sigmoid`, the one before it.
 *
 * @param wanted - left out: the model's only output
 * @throws {MeanetError} TENSOR_UNKNOWN; MODEL_UNSUPPORTED when it is of another shape; MODEL_UNFIT when the classes are not the data's
 */
export function logitsTensor(
  file: OnnxFile,
  tensors: readonly TensorFacts[],
  {
    wanted,
    classes,
    name,
  }: { readonly wanted: string | undefined; readonly classes: number; readonly name: string },
): TensorFacts {
  const [only, ...others] = file.outputs;
  if (wanted === undefined && others.length > 0) {
    throw new MeanetError(
      "TENSOR_UNKNOWN",
      `${name} has ${file.outputs.length} outputs; name the one that holds the logits: ${file.outputs.join(", ")}`,
      { file: name, outputs: file.outputs },
    );
  }
  const named = find(tensors, wanted ?? only ?? "", name);
  const found = squashing.includes(named.op)
    ? find(tensors, file.producers().get(named.name)!.input[0]!, name)
    : named;
  if (found.type !== "float32" || found.dims.length !== 2) {
    throw unsupported(
      name,
      `"${found.name}" is ${found.type} ${frameShapeText(found.dims)}; expected logits, float32 [N, ${classes}], such as: ${listed(vectors(tensors, classes))}`,
    );
  }
  if (found.dims[1] !== classes) {
    throw new MeanetError(
      "MODEL_UNFIT",
      `"${found.name}" of ${name} tells ${found.dims[1]} classes apart, the data set has ${classes}; expected equal numbers`,
      { file: name, tensor: found.name, model: found.dims[1], data: classes },
    );
  }
  return found;
}

/** Maps that could be F1, last first: the deeper, the more they know. */
function maps(tensors: readonly TensorFacts[]): TensorFacts[] {
  return tensors.filter(isMap).reverse();
}

/** Whether a tensor could be F1. */
export function isMap({ type, dims }: TensorFacts): boolean {
  return type === "float32" && dims.length === 4 && dims[2]! * dims[3]! > 1;
}

function vectors(tensors: readonly TensorFacts[], classes: number): TensorFacts[] {
  return tensors
    .filter(({ type, dims }) => type === "float32" && dims.length === 2 && dims[1] === classes)
    .reverse();
}

function find(tensors: readonly TensorFacts[], wanted: string, name: string): TensorFacts {
  const found = tensors.find((tensor) => tensor.name === wanted);
  if (found !== undefined) return found;
  const near = tensors
    .map((tensor) => ({
      tensor,
      shared: sharedWords(tensor.name, wanted),
      distance: distance(tensor.name, wanted),
    }))
    .sort((a, b) => b.shared - a.shared || a.distance - b.distance)
    .slice(0, 3);
  throw new MeanetError(
    "TENSOR_UNKNOWN",
    `${name} has no tensor "${wanted}"; near it: ${near.map(({ tensor }) => `"${tensor.name}"`).join(", ")}; --list shows all`,
    { file: name, tensor: wanted },
  );
}

function listed(tensors: readonly TensorFacts[]): string {
  if (tensors.length === 0) return "(it has none)";
  const texts = tensors.slice(0, MOST_NAMES).map(({ name, dims }) => `"${name}" ${frameShapeText(dims)}`);
  return `${texts.join(", ")}${tensors.length > MOST_NAMES ? ", …" : ""}`;
}

/** Exporters wrap the names of layers: whoever names the layer alone means that tensor. */
function sharedWords(left: string, right: string): number {
  const words = new Set(left.toLowerCase().match(/[a-z0-9]+/g));
  return [...new Set(right.toLowerCase().match(/[a-z0-9]+/g))].filter((word) => words.has(word)).length;
}

/** Levenshtein distance, on lower case. */
function distance(left: string, right: string): number {
  const [a, b] = [left.toLowerCase(), right.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

function unsupported(file: string, problem: string): MeanetError {
  return new MeanetError("MODEL_UNSUPPORTED", `${file}: ${problem}`, { file });
}
