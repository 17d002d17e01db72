import { z } from "zod";
import { nonNegative, probability, timestamp } from "./scalars.ts";

/** Where the class of a stored item comes from: told as true, or answered by the cloud. */
export const labelSources = ["label", "cloud"] as const;
export type LabelSource = (typeof labelSources)[number];

/** Why a training began: enough new items, the oldest new item waited long enough, or someone asked. */
export const trainingTriggers = ["items", "age", "asked"] as const;

const count = z.int().min(0);
const model = z.string().max(128);
const reason = z.string().max(512);
const className = z.string().max(128);
const classNames = z.array(className).max(4096);

/** Accuracy of two extensions on the same items, and how many only one of them answers rightly: `won` by the candidate, or `lost`. */
const comparison = z.object({
  items: count,
  current: probability,
  candidate: probability,
  won: count,
  lost: count,
});

/** Of a trial in service: how often the extension before and the one after it were wrong about the same frames. */
const disagreement = z.object({ items: count, before: probability, after: probability });

/** What a candidate was judged by. */
const trialFigures = z.object({
  /** Items of the store that no step of the training saw. */
  heldOut: comparison,
  /** Labelled frames that travel with the bundle; null when it has none. */
  reference: comparison.nullable(),
});
export type TrialFigures = z.infer<typeof trialFigures>;

/**
 * From a frame's arrival to its verdict: of frames that this node answered, without asking the cloud, since the training began; left out
 * where there were none.
 */
const latencyP99Ms = nonNegative.optional();

const common = {
  at: timestamp,
  /** Name and version of the bundle in force when it happened. */
  model,
  /** Joules of this step: of an epoch, of a trial; 0 where nothing was computed. */
  energyJ: nonNegative,
  /** Trainings of this node count from 1; 0 stands for what belongs to none. */
  run: count,
};

const event = <const E extends string, S extends z.core.$ZodLooseShape>(name: E, shape: S) =>
  z.object({ ...common, event: z.literal(name), ...shape });

/** Payload of `{edge}/training`: a step of an edge node that learns in service. */
export const trainingSchema = z.discriminatedUnion("event", [
  /** The store grew. */
  event("collected", {
    /** In the store now, by source. */
    items: z.object({ label: count, cloud: count }),
    /** Since the training before. */
    fresh: count,
    /** Kept apart from every step of a training, to judge by; left out: not told. */
    heldOut: count.optional(),
    /** Of each class that has any, by name; left out: not told. */
    classes: z
      .array(z.object({ name: className, label: count, cloud: count, heldOut: count }))
      .max(4096)
      .optional(),
  }),
  event("started", {
    trigger: z.enum(trainingTriggers),
    /** Taken from the store: all, or as many as memory allows. */
    items: count,
    /** In the store, of classes and sources that are learned from; left out: not told. */
    stored: count.optional(),
    /** Of `items`. */
    heldOut: count,
    epochs: count,
    /** Classes that the new extension will tell apart, in the order of its answers. */
    hardClasses: classNames,
  }),
  event("epoch", {
    epoch: z.int().min(1),
    epochs: z.int().min(1),
    /** Mean over the epoch, in nats. */
    loss: nonNegative,
    /** On the held-out items; null when not measured. */
    accuracy: probability.nullable(),
    imagesPerS: nonNegative,
    /** Waited for frames in service, since the epoch before or the start. */
    pausedMs: nonNegative,
    latencyP99Ms,
  }),
  event("accepted", { figures: trialFigures, latencyP99Ms }),
  event("refused", { reason, figures: trialFigures, latencyP99Ms }),
  /** `model` is the new one. */
  event("swapped", { before: model }),
  /** The trial of what was swapped in is over, and it stays. */
  event("passed", {
    /** Enough labelled frames, or its age. */
    by: z.enum(["items", "age"]),
    /** Share of answers that labels and cloud called wrong; 0 and 0 of no items. */
    disagreement,
  }),
  /** `model` is the old one, in force again. */
  event("rolled-back", {
    before: model,
    reason,
    /** Share of answers that labels and cloud called wrong. */
    disagreement,
  }),
  event("failed", { reason }),
  /** The live figures suggest another set of hard classes. */
  event("proposed", { hardClasses: classNames, becomeHard: classNames, becomeEasy: classNames }),
  /** The next training uses this set. */
  event("agreed", { hardClasses: classNames, by: z.enum(["operator", "policy"]) }),
  /** Someone wants none of what was proposed. */
  event("dismissed", {
    hardClasses: classNames,
    becomeHard: classNames,
    becomeEasy: classNames,
    /** Labelled frames that main has to call so before the class is proposed again, by name; left out: not told. */
    waits: z
      .array(z.object({ name: className, labels: count }))
      .max(4096)
      .optional(),
  }),
]);
export type Training = z.infer<typeof trainingSchema>;
export type TrainingEvent = Training["event"];

export const trainingEvents = [
  "collected",
  "started",
  "epoch",
  "accepted",
  "refused",
  "swapped",
  "passed",
  "rolled-back",
  "failed",
  "proposed",
  "agreed",
  "dismissed",
] as const satisfies readonly TrainingEvent[];
