import { z } from "zod";
import { keptEnds, rangeMethods } from "./variants.ts";

/** A fraction of frames answered right, by who answers them. */
const answersRight = z.strictObject({
  main: z.number().min(0).max(1),
  edge: z.number().min(0).max(1),
  cloud: z.number().min(0).max(1).optional(),
});
const compared = z.strictObject({ float32: answersRight, int8: answersRight });

const quantizedPart = z.strictObject({
  method: z.enum(rangeMethods).describe("How the ranges of activations were chosen, on held-out accuracy."),
  kept: z.enum(keptEnds).describe("Which ends of the model stay float32, chosen on held-out accuracy."),
  integer: z.record(z.string(), z.int().positive()).describe("Nodes on integers, by operator."),
  float: z.record(z.string(), z.int().positive()).describe("Nodes that stay float32, by operator."),
  bytes: z.strictObject({ float32: z.int().positive(), int8: z.int().positive() }),
  speed: z
    .strictObject({
      float32Ms: z.number().positive(),
      int8Ms: z.number().positive(),
      ratio: z.number().positive().describe("float32Ms / int8Ms."),
    })
    .describe("Median of one frame on one thread, both models in turn in one run."),
});

/** What an int8 variant was made from and how, and what that cost and gave. */
export const quantization = z.strictObject({
  form: z.literal("qdq-u8-s8").describe("Activations u8, weights s8 per output channel, biases s32."),
  from: z.strictObject({
    name: z.string(),
    version: z.string(),
    sha256: z.strictObject({ main: z.string(), extension: z.string(), cloud: z.string().optional() }),
  }),
  calibration: z.strictObject({
    frames: z.int().positive().describe("Frames of the training part, never held-out or test ones."),
    seed: z.int(),
  }),
  parts: z.partialRecord(z.enum(["main", "extension", "cloud"]), quantizedPart),
  accuracy: z.strictObject({ heldOut: compared, test: compared.optional() }),
  machine: z.string(),
  createdAt: z.iso.datetime(),
});

/** How an int8 variant of a bundle was made. */
export type Quantization = z.infer<typeof quantization>;
