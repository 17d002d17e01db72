import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import { quantization } from "../quantization/provenance.ts";
import { decisionRules } from "../routing.ts";

const block = z
  .strictObject({
    parameters: z
      .int()
      .nonnegative()
      .describe("Trainable parameters; batch normalisation counts 2 a channel."),
    macs: z
      .int()
      .nonnegative()
      .describe("Multiply-accumulates of one frame, convolutions and linear layers."),
  })
  .readonly();

const file = z
  .strictObject({
    file: z.string().regex(/^[a-z0-9-]+\.onnx$/, 'expected a plain file name such as "main.onnx"'),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
    bytes: z.int().positive(),
    batch: z
      .literal(1)
      .optional()
      .describe("The model was made for one frame a run; left out where it takes any number."),
  })
  .readonly();

const reference = z
  .strictObject({
    file: z.literal("reference.bin"),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
    bytes: z.int().positive(),
    items: z.int().positive().describe("Labelled frames in it."),
  })
  .readonly();

/** What a frame of the bundle is: 8-bit planes, and the numbers that normalise them. */
const imageInput = z
  .strictObject({
    kind: z.literal("image"),
    shape: z
      .tuple([z.int().positive(), z.int().positive(), z.int().positive()])
      .readonly()
      .describe("[C, H, W]"),
    mean: z.array(z.number()).readonly().describe("Per channel, of byte/255."),
    std: z.array(z.number().positive()).readonly().describe("Per channel, of byte/255."),
  })
  .readonly();

/** What a sensor window of the bundle is: float32 readings, each channel's after the other's, and the numbers that normalise them. */
const windowInput = z
  .strictObject({
    kind: z.literal("window"),
    shape: z
      .tuple([z.int().positive(), z.int().positive()])
      .readonly()
      .describe("[C, T]: channels, readings of each."),
    mean: z.array(z.number()).readonly().describe("Per channel, of the raw value."),
    std: z.array(z.number().positive()).readonly().describe("Per channel, of the raw value."),
    rateHz: z.number().positive().describe("Readings of a channel per second."),
  })
  .readonly();

const temperature = z.number().min(0.01).max(100);
const temperatures = z.strictObject({ main: temperature, extension: temperature }).readonly();
const share = z.number().min(0).max(1);

const history = z.strictObject({
  epochs: z.int().nonnegative(),
  seconds: z.number().nonnegative().describe("Wall-clock time of its training on the machine that did it."),
  heldOutAccuracy: z.number().min(0).max(1),
});

/** Where a model comes from that was not trained here. */
const origin = z
  .strictObject({
    file: z.string().describe("Name of the ONNX file."),
    sha256: z.string().describe("Of that file as it came."),
    producer: z.string().describe("What wrote it."),
    opsets: z.record(z.string(), z.int()).describe("Versions of its operators by domain."),
    tensors: z
      .record(z.string(), z.string())
      .describe("Its tensors that became outputs here, by their names here."),
  })
  .readonly();

/** Where a bundle comes from: enough to train it again. */
const provenance = z
  .strictObject({
    data: z.strictObject({
      name: z.string(),
      licence: z.string(),
      trainCount: z.int().positive(),
      heldOutCount: z.int().positive().describe("Frames of the official training set that no gradient saw."),
      heldOutSubjects: z
        .array(z.int())
        .readonly()
        .optional()
        .describe("Whose frames those are, where whole subjects were held out."),
      splitSeed: z.int(),
    }),
    recipe: z.record(z.string(), z.json()).describe("The whole recipe, defaults filled in."),
    parts: z.strictObject({ main: history, extension: history, cloud: history.optional() }),
    mainFrom: z
      .string()
      .optional()
      .describe("Name and version of the bundle that main was taken from, whose history is then main's."),
    imported: z
      .partialRecord(z.enum(["main", "cloud"]), origin)
      .optional()
      .describe("Models that were made elsewhere: no epoch of them was run here."),
    rules: z
      .strictObject({
        temperatures,
        fusionWeight: share,
        calibratedFusionWeight: share,
        productWeight: share.optional(),
        calibratedProductWeight: share.optional(),
      })
      .readonly()
      .optional()
      .describe("What every decision rule was fitted to on held-out frames, the one chosen or not."),
    learned: z
      .strictObject({
        from: z.string().describe("Name and version of the bundle whose extension it went on from."),
        base: z
          .string()
          .describe("Name and version of the bundle that came to the edge; its main is here unchanged."),
        items: z.int().nonnegative().describe("Items of the edge's store that it learned from."),
        epochs: z.int().positive(),
      })
      .readonly()
      .optional()
      .describe("Of an extension that learned in service."),
    machine: z.string(),
    createdAt: z.iso.datetime(),
    quantization: quantization.optional(),
  })
  .readonly();

export const manifestSchema = z
  .strictObject({
    schema: z.literal(1),
    name: z.string().regex(/^[a-z0-9-]{1,64}$/, "expected an id of the form [a-z0-9-]{1,64}"),
    version: z
      .string()
      .regex(
        /^\d+\.\d+\.\d+(\+[a-z0-9.-]{1,80})?$/,
        'expected a version such as "1.0.0", or "1.0.0+edge-1.2"',
      )
      .describe('What an edge learned in service adds its name and a number: "1.0.0+edge-1.2".'),
    input: z
      .discriminatedUnion("kind", [imageInput, windowInput])
      .describe("Models of images take x [N, C, H, W]; models of windows x [N, C, 1, T]."),
    classes: z.array(z.string().min(1)).min(2).readonly(),
    hardClasses: z
      .array(z.int().nonnegative())
      .min(2)
      .readonly()
      .describe("The label dictionary: position is the extension's index, value the class."),
    threshold: z.number().nonnegative().describe("Main's entropy above which the cloud is asked, nats."),
    decision: z.enum(decisionRules).describe("Who answers a frame that the extension ran for."),
    fusionWeight: share.optional().describe("Rules `fusion` and `product`: the extension's share, w."),
    temperatures: temperatures
      .optional()
      .describe(
        "What logits are divided by before confidences are compared or joined; never for the entropy.",
      ),
    notHard: z
      .literal(true)
      .optional()
      .describe(
        'The extension has one output more than there are hard classes: "not hard", which leaves main\'s answer.',
      ),
    blocks: z
      .strictObject({ main: block, adaptive: block, extension: block, cloud: block.optional() })
      .readonly(),
    files: z
      .strictObject({ main: file, extension: file, cloud: file.optional(), reference: reference.optional() })
      .readonly(),
    provenance,
  })
  .refine((m) => new Set(m.hardClasses).size === m.hardClasses.length, {
    path: ["hardClasses"],
    error: "expected each class once",
  })
  .refine((m) => m.hardClasses.every((classIndex) => classIndex < m.classes.length), {
    path: ["hardClasses"],
    error: "expected indices of `classes`",
  })
  .refine((m) => !["fusion", "product"].includes(m.decision) || m.fusionWeight !== undefined, {
    path: ["fusionWeight"],
    error: "expected a weight: rules `fusion` and `product` need one",
  })
  .refine((m) => m.files.cloud === undefined || m.blocks.cloud !== undefined, {
    path: ["blocks", "cloud"],
    error: "expected the size of the cloud's network, since there is one",
  })
  .refine((m) => m.input.mean.length === m.input.shape[0] && m.input.std.length === m.input.shape[0], {
    path: ["input"],
    error: "expected one mean and one std per channel",
  })
  .readonly();

/** A bundle described: input, classes, dictionary, thresholds, costs, files and where they come from. */
export type Manifest = z.infer<typeof manifestSchema>;

/** How a frame becomes the model's input: 8-bit planes x [N, C, H, W], or the readings of a window x [N, C, 1, T], of height 1. */
export type ModelInput = Manifest["input"];
export type ImageInput = Extract<ModelInput, { readonly kind: "image" }>;
export type WindowInput = Extract<ModelInput, { readonly kind: "window" }>;

/** Dimensions of one frame in the tensor `x`, the batch left out: [C, H, W] of an image, [C, 1, T] of a window. */
export function inputDims(input: ModelInput): readonly [number, number, number] {
  if (input.kind === "image") return input.shape;
  const [channels, readings] = input.shape;
  return [channels, 1, readings];
}

/**
 * The input of a bundle, where only images can be served.
 *
 * @param user - who needs them, such as "the cloud worker"
 * @throws {MeanetError} INPUT_KIND_UNSUPPORTED when the bundle takes sensor windows
 */
export function imageInputOf({ name, input }: Pick<Manifest, "name" | "input">, user: string): ImageInput {
  if (input.kind === "image") return input;
  throw new MeanetError(
    "INPUT_KIND_UNSUPPORTED",
    `${user} takes bundles of images; ${name} takes ${input.kind}s of ${input.shape.join("x")}; give another bundle`,
    { bundle: name, kind: input.kind },
  );
}

/**
 * Reads and checks `manifest.json` of a bundle folder, without its model files.
 *
 * @throws {MeanetError} BUNDLE_MISSING, BUNDLE_INVALID
 */
export async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, "manifest.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new MeanetError(
      "BUNDLE_MISSING",
      `no bundle in ${dir}: manifest.json cannot be read; give a folder, or a name that "meanet bundle list" shows`,
      { dir },
      { cause },
    );
  }
  return parseManifest(text, path);
}

/** @throws {MeanetError} BUNDLE_INVALID */
export function parseManifest(text: string, path: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MeanetError("BUNDLE_INVALID", `${path} is not JSON`, { path }, { cause });
  }
  const result = manifestSchema.safeParse(json);
  if (!result.success) {
    throw new MeanetError("BUNDLE_INVALID", `${path}:\n${z.prettifyError(result.error)}`, { path });
  }
  return result.data;
}
