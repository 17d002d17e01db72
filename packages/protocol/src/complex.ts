import { z } from "zod";
import { id, nonNegative, probability } from "./scalars.ts";

/**
 * How the bytes of a frame are to be read. `raw` is the model's input: unsigned bytes, or float32 little-endian; `window` is what
 * the topic `window` takes.
 */
export const frameFormats = ["jpeg", "png", "webp", "raw", "window"] as const;
export type FrameFormat = (typeof frameFormats)[number];

/** Payload of `{edge}/complex/{id}`: a frame that main was not certain about. */
export const complexItemSchema = z.object({
  id,
  site: id,
  device: id,
  edge: id,
  /** 1 for the first publication, then counted up on silence. An answer to any attempt counts. */
  attempt: z.int().min(1),
  /** What is left until the edge gives its own answer; relative, so that clocks need not agree. */
  remainingMs: nonNegative,
  /** Name and version of the bundle whose classes the answer must use. */
  model: z.string().max(128),
  edgeAnswer: z.object({
    classIndex: z.int().min(0),
    confidence: probability,
    entropy: nonNegative,
  }),
  format: z.enum(frameFormats),
  /** The frame as it came. */
  frame: z.instanceof(Uint8Array),
});
export type ComplexItem = z.infer<typeof complexItemSchema>;

const common = { id, worker: id, attempt: z.int().min(1) };

/** Payload of `{edge}/answer/{id}`. */
export const cloudAnswerSchema = z.discriminatedUnion("outcome", [
  z.object({
    ...common,
    outcome: z.literal("answered"),
    /** Most probable first, at most five. */
    classes: z
      .array(z.object({ classIndex: z.int().min(0), label: z.string().max(128), probability }))
      .min(1)
      .max(5),
    model: z.string().max(128),
    queueMs: nonNegative,
    /** Share of the batch's engine time. */
    computeMs: nonNegative,
    energyJ: nonNegative,
    energySource: z.string().max(64),
  }),
  z.object({
    ...common,
    outcome: z.literal("failed"),
    /** Code of the error, `MODEL_MISMATCH`. */
    code: z.string().max(64),
    detail: z.string().max(512),
  }),
]);
export type CloudAnswer = z.infer<typeof cloudAnswerSchema>;
