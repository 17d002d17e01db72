import { z } from "zod";
import { byteCount, id, nonNegative, probability, timestamp } from "./scalars.ts";

/** Where the answer came from: an exit of MEANet. */
export const exits = ["main", "extension", "cloud"] as const;
export type Exit = (typeof exits)[number];

/** What routing made of the frame. */
export const routes = ["easy", "hard", "complex"] as const;
export type Route = (typeof routes)[number];

/**
 * How the cloud took part: `none` was not asked, `pending` is being asked (provisional verdicts only), `answered` gave the final answer; in all other
 * cases the edge's own answer stands: `busy` too many requests in flight, `failed` the worker could not answer,
 * `late` nothing came before the deadline, `offline` there was no connection to ask through.
 */
export const cloudOutcomes = ["none", "pending", "answered", "busy", "failed", "late", "offline"] as const;
export type CloudOutcome = (typeof cloudOutcomes)[number];

/** Why a frame got no answer. */
export const refusalReasons = [
  "overload",
  "undecodable",
  "too-large",
  "wrong-size",
  "unsupported",
  "inference-failed",
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Joules of one frame, each part charged only where it ran. */
export const energySchema = z.object({
  mainJ: nonNegative,
  /** Adaptive and extension block together. */
  extensionJ: nonNegative,
  /** Upload of the complex item by the power model of the radio. */
  uplinkJ: nonNegative,
  /** Compute of the cloud for this item; not charged to the edge. 0 when the cloud did not answer. */
  cloudJ: nonNegative,
  /** Where the edge's figure comes from: `modelled:raspberry-pi-4`, `measured:rapl`. */
  source: z.string().max(64),
});
export type Energy = z.infer<typeof energySchema>;

/**
 * Milliseconds that a frame spent in each stage at its edge node, one after the other: each begins where the one before ended, in the
 * order below, the first at the frame's arrival. Stages that it did not go through are left out. {@link stageSpans} lays them out.
 */
export const stagesSchema = z.object({
  /** Waiting for a place in the pipeline and for a decoder. */
  admitMs: nonNegative.optional(),
  decodeMs: nonNegative.optional(),
  /** Waiting for main's engine. */
  mainQueueMs: nonNegative.optional(),
  /** The run of main, the whole batch of it; the frame's own share is in `computeMs` of the verdict. */
  mainMs: nonNegative.optional(),
  /** From asking the cloud to its answer, or to giving up. */
  cloudMs: nonNegative.optional(),
  /** Waiting for the extension's engine. */
  extensionQueueMs: nonNegative.optional(),
  /** The run of adaptive and extension block, the whole batch of it. */
  extensionMs: nonNegative.optional(),
  /** Inside `cloudMs`: waiting for the worker's engine, by the worker's clock. */
  cloudQueueMs: nonNegative.optional(),
  /** Inside `cloudMs`: the frame's share of the worker's run. */
  cloudComputeMs: nonNegative.optional(),
});
export type Stages = z.infer<typeof stagesSchema>;

/** Classes of an exit, most probable first. */
const topSchema = z
  .array(z.object({ classIndex: z.int().min(0), label: z.string().max(128), probability }))
  .max(3);

/** The most probable classes of each exit that was asked, rounded to four digits. */
const topClassesSchema = z.object({
  main: topSchema.optional(),
  /** Of the hard classes only, which the extension shares its probability among. */
  extension: topSchema.optional(),
  cloud: topSchema.optional(),
});
export type TopClasses = z.infer<typeof topClassesSchema>;

/** What the edge itself says of a frame that the cloud answered. */
const edgeAnswerSchema = z.object({
  label: z.string().max(128),
  classIndex: z.int().min(0),
  confidence: probability,
  exit: z.enum(["main", "extension"]),
  /** Whether the edge would have answered so without the cloud. False: main calls a hard class, for which the extension would have run. */
  complete: z.boolean(),
});
export type EdgeAnswer = z.infer<typeof edgeAnswerSchema>;

const common = {
  id,
  site: id,
  device: id,
  edge: id,
  /** Identity of the edge's journal: a journal begun anew counts from 1 again under another name. */
  journal: id,
  /** Number of the row in the journal, from 1, without gaps. */
  seq: z.int().min(1),
  /** When the verdict was written, milliseconds since 1970. */
  at: timestamp,
  /** When the frame arrived at the edge, milliseconds since 1970. */
  receivedAt: timestamp,
  /** QoS the frame came with. */
  qos: z.union([z.literal(0), z.literal(1)]),
  /** From arrival at the edge to the verdict. */
  latencyMs: nonNegative,
  /** Bytes of the frame as it came. */
  frameBytes: byteCount.optional(),
};

export const answerVerdictSchema = z.object({
  ...common,
  outcome: z.literal("answered"),
  /** False for the edge's answer while the cloud is being asked; every frame ends in exactly one final verdict. */
  final: z.boolean(),
  /** `seq` of the provisional verdict this one replaces. */
  supersedes: z.int().min(1).nullable(),
  label: z.string().max(128),
  classIndex: z.int().min(0),
  confidence: probability,
  exit: z.enum(exits),
  route: z.enum(routes),
  cloud: z.enum(cloudOutcomes),
  /** Of main's softmax, in nats. */
  entropy: nonNegative,
  /** Waiting for an engine at the edge. */
  queueMs: nonNegative,
  /** Share of engine time at the edge. */
  computeMs: nonNegative,
  energy: energySchema,
  /** Bytes of the complex item published, all attempts; 0 when nothing was sent. */
  uplinkBytes: byteCount,
  /** Name and version of the bundle, `fashion-mnist@1.0.0`. */
  model: z.string().max(128),
  /** Id of the worker that answered. */
  worker: id.nullable(),
  /** The entropy threshold that routed the frame, nats. Left out when another policy chose its way. */
  threshold: nonNegative.optional(),
  /** Where `latencyMs` went; what the stages leave of it is the rest between them. */
  stages: stagesSchema.optional(),
  top: topClassesSchema.optional(),
  /** On final verdicts where the cloud's answer stands. */
  edgeAnswer: edgeAnswerSchema.optional(),
});
export type AnswerVerdict = z.infer<typeof answerVerdictSchema>;

export const refusalVerdictSchema = z.object({
  ...common,
  outcome: z.literal("refused"),
  final: z.literal(true),
  reason: z.enum(refusalReasons),
  /** What was wrong with the frame and what was expected, for people. */
  detail: z.string().max(512),
});
export type RefusalVerdict = z.infer<typeof refusalVerdictSchema>;

/** Payload of `{device}/verdict`: one row of an edge's journal. */
export const verdictSchema = z.discriminatedUnion("outcome", [answerVerdictSchema, refusalVerdictSchema]);
export type Verdict = z.infer<typeof verdictSchema>;
