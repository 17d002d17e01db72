/**
 * From an ONNX classifier made elsewhere to a model of a bundle:
 *
 *     read ─▶ its one input ─▶ run once: shapes ─▶ choose tensors ─▶ cut ─▶ x in front ─▶ open the batch ─▶ count
 */
import { createHash } from "node:crypto";
import { isMeanetError, MeanetError } from "@meanet/runtime";
import type { ImageInput } from "../bundle/manifest.ts";
import type { BlockCount } from "../networks/index.ts";
import { featureTensor, logitsTensor } from "./choose-tensors.ts";
import { countFile } from "./count.ts";
import { cut, rename } from "./cut.ts";
import { type Normalisation, type PictureInput, pictureInput, takeFrames } from "./input.ts";
import { inspect, run, type TensorFacts } from "./inspect.ts";
import { OnnxFile } from "./onnx-file.ts";
import { openBatch } from "./open-batch.ts";

/** A file read and looked at, before anything is made of it. */
export interface Classifier {
  /** What messages call it: its name, without the folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly file: OnnxFile;
  readonly input: PictureInput;
  readonly tensors: readonly TensorFacts[];
}

/** Where a model that was made elsewhere comes from. */
interface Origin {
  readonly file: string;
  readonly sha256: string;
  /** What wrote it, such as `pytorch 1.13.0`. */
  readonly producer: string;
  /** `"": 13` is ONNX's own operators. */
  readonly opsets: Readonly<Record<string, number>>;
  /** The tensors that became outputs of the bundle's model, by the names that they have there. */
  readonly tensors: Readonly<Record<string, string>>;
}

export interface Adopted {
  readonly onnx: Uint8Array;
  /** Frames of one run; absent where any number goes. */
  readonly batch?: 1;
  readonly count: BlockCount;
  readonly origin: Origin;
}

export interface AdoptedMain extends Adopted {
  /** Shape of F1, [c, h, w]. */
  readonly features: readonly [number, number, number];
}

export interface AdoptOptions {
  /** Tensor that becomes F1 of a main. */
  readonly features?: string | undefined;
  /** Tensor of logits; left out: the model's only output. */
  readonly logits?: string | undefined;
  /** What the logits are called in the bundle: `y1` of a main, which gives F1 too, or `y` of a cloud network. */
  readonly as: "y1" | "y";
  /** The frames of the bundle. */
  readonly frames: ImageInput;
  readonly classes: number;
  /** The normalisation that the model was trained with; left out: that of the bundle. Bytes need none. */
  readonly own?: Normalisation | undefined;
  /** Three normalised frames, [3, C, H, W], to try it with. */
  readonly examples: Float32Array;
}

/**
 * Reads a classifier and runs it once.
 *
 * @throws {MeanetError} MODEL_INVALID, MODEL_UNSUPPORTED, INFERENCE_FAILED
 */
export async function readClassifier(bytes: Uint8Array, name: string): Promise<Classifier> {
  const file = OnnxFile.read(bytes, name);
  const input = pictureInput(file, name);
  const tensors = await inspect(file, input).catch((error: unknown) => {
    throw isMeanetError(error, "MODEL_INVALID") ? refusedByRuntime(file, name, error) : error;
  });
  return { name, bytes, file, input, tensors };
}

/** The engine knows its models by their size; who named the file is told its name, and what exporters are asked for. */
function refusedByRuntime({ opset, model }: OnnxFile, name: string, cause: MeanetError): MeanetError {
  const says = cause.message.split("ONNX Runtime says: ").at(-1)!;
  // Errors of its C++ begin with file, line and signature.
  const reason = says.replace(/^\/\S+:\d+ .*?\) (?=[A-Z])/s, "").replace(/[\s.]*$/, ".");
  return new MeanetError(
    "MODEL_INVALID",
    `${name} is not taken by ONNX Runtime: ${reason} The file is of opset ${opset} and IR version ${model.irVersion}: where these are the reason, export it with another opset_version`,
    { file: name, opset, irVersion: Number(model.irVersion) },
    { cause },
  );
}

/** The normalisation of a model that takes bytes. */
export function bytesAsTheyAre(channels: number): Normalisation {
  return { mean: Array(channels).fill(0), std: Array(channels).fill(1 / 255) };
}

/**
 * Makes a model of a bundle of a classifier: input `x`, outputs `F1` and `y1`, or `y`.
 *
 * @throws {MeanetError} MODEL_UNFIT, TENSOR_UNKNOWN, MODEL_UNSUPPORTED, INFERENCE_FAILED
 */
export function adopt(
  classifier: Classifier,
  options: AdoptOptions & { readonly as: "y1" },
): Promise<AdoptedMain>;
export function adopt(classifier: Classifier, options: AdoptOptions & { readonly as: "y" }): Promise<Adopted>;
export async function adopt(
  classifier: Classifier,
  options: AdoptOptions,
): Promise<Adopted & Partial<AdoptedMain>> {
  const { name, bytes, file, input, tensors } = classifier;
  const { frames, classes, as } = options;
  if (input.frame.join() !== frames.shape.join()) {
    throw new MeanetError(
      "MODEL_UNFIT",
      `${name} takes pictures of ${input.frame.join("x")} (channels, height, width), the data set's are ${frames.shape.join("x")}; expected one shape`,
      { file: name, model: input.frame, data: frames.shape },
    );
  }
  const logits = logitsTensor(file, tensors, { wanted: options.logits, classes, name });
  const features = as === "y1" ? featureTensor(tensors, options.features, name) : undefined;
  const names = { [as]: logits.name, ...(features === undefined ? {} : { F1: features.name }) };

  const part = cut(file, Object.values(names));
  const count = countFile(part, tensors);
  const own = input.type === "uint8" ? bytesAsTheyAre(frames.shape[0]) : (options.own ?? frames);
  takeFrames(part, input, { bundle: frames, own });
  rename(part, new Map(Object.entries(names).map(([fresh, old]) => [old, fresh])));
  const opened = await openBatch(part, frames.shape, options.examples);
  const onnx = opened.file.write();
  await refuseNoLogits(opened.file, options, name, logits.name);
  const [, ...shape] = features?.dims ?? [];
  return {
    onnx,
    count,
    ...(opened.batch === undefined ? {} : { batch: opened.batch }),
    ...(features === undefined ? {} : { features: shape as [number, number, number] }),
    origin: {
      file: name,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      producer: `${file.model.producerName} ${file.model.producerVersion}`.trim(),
      opsets: Object.fromEntries(
        file.model.opsetImport.map(({ domain, version }) => [domain, Number(version)]),
      ),
      tensors: names,
    },
  };
}

/**
 * Entropy and decisions take a softmax of what they are given: probabilities, of a softmax or a sigmoid, would be flattened by it.
 *
 * @throws {MeanetError} MODEL_UNSUPPORTED; MODEL_UNFIT when what it answers to frames is no number
 */
async function refuseNoLogits(
  file: OnnxFile,
  { as, examples, frames }: AdoptOptions,
  name: string,
  tensor: string,
): Promise<void> {
  const outputs = await run(file, { x: { data: examples.slice(), dims: [3, ...frames.shape] } });
  const values = Array.from(outputs[as]!.data, Number);
  if (!values.every(Number.isFinite)) {
    throw new MeanetError(
      "MODEL_UNFIT",
      `"${tensor}" of ${name} answers frames of the data with NaN or infinity; expected finite logits: look for weights that are no numbers, and for a std near 0`,
      { file: name, tensor },
    );
  }
  if (values.every((value) => value >= 0 && value <= 1)) {
    throw new MeanetError(
      "MODEL_UNSUPPORTED",
      `"${tensor}" of ${name} holds probabilities; expected logits: name the tensor before they are normalised`,
      { file: name, tensor },
    );
  }
}
