import { durationMs, timerMs } from "@meanet/runtime";
import { z } from "zod";

const MIB = 1024 * 1024;
const count = (least = 1) => z.int().min(least);
const share = z.number().min(0).max(1);

const store = z
  .strictObject({
    itemsPerClass: count(8).default(200).describe("labelled items kept on disk of each hard class"),
    maxBytes: count()
      .default(256 * MIB)
      .describe(
        "bytes of these items, all classes together; beyond it the class that has most loses its oldest",
      ),
    heldOut: z
      .number()
      .min(0.1)
      .max(0.5)
      .default(0.25)
      .describe("share of the items that no training sees, kept to judge by"),
    frames: count().default(2048).describe("frames whose label may still come, kept in memory"),
    bytes: count()
      .default(64 * MIB)
      .describe("bytes of those frames and their features together"),
    age: durationMs
      .prefault("10m")
      .describe("how long a frame waits for its label, and a label for its frame"),
  })
  .prefault({});

const trigger = z
  .strictObject({
    items: count().default(200).describe("new items that begin a training"),
    age: durationMs.prefault("24h").describe("age of the oldest new item that begins a training with fewer"),
    leastItems: count().default(40).describe("new items that a training by age needs at least"),
  })
  .prefault({});

const training = z
  .strictObject({
    epochs: count().default(6).describe("passes over the store"),
    rate: z.number().positive().max(1).default(0.002).describe("peak of the learning rate, one cycle"),
    batch: count(2).max(256).default(32).describe("frames of a step"),
    replay: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.5)
      .describe("share of each batch that is reference frames of the bundle, against forgetting"),
    statistics: z
      .enum(["recomputed", "kept"])
      .default("recomputed")
      .describe("moments of batch normalisation: recomputed over what it learned from, or kept as they were"),
    seed: z
      .int()
      .default(1)
      .describe("seed of the order of frames, together with the number of the training"),
    maxTime: durationMs
      .prefault("10m")
      .describe("computing time after which no further step begins; what was learned until then is judged"),
    maxMemory: count()
      .default(512 * MIB)
      .describe(
        "bytes of items, weights, activations and the thread itself, as calculated; a training takes as many items as fit",
      ),
    yieldAt: count()
      .default(8)
      .describe("frames that wait or work, not counting those at the cloud, from which on a training waits"),
  })
  .prefault({});

const teacher = z
  .strictObject({
    weight: share
      .default(0.3)
      .describe("weight of an answer of the cloud, against 1 for a true label; 0: learn from none"),
    confidence: share
      .default(0.9)
      .describe("least probability of the answer, to learn from it and in a trial"),
  })
  .prefault({});

const margins = z
  .strictObject({
    gain: share
      .default(0.01)
      .describe("a new extension must gain more than this in accuracy on held-out items"),
    sigmas: z
      .number()
      .min(0)
      .max(10)
      .default(1)
      .describe("it must win more held-out items than it loses, by more than so many standard deviations"),
    loss: share.default(0.02).describe("accuracy that it may lose on reference frames"),
    leastItems: count().default(20).describe("held-out items without which nothing goes live"),
  })
  .prefault({});

const rollback = z
  .strictObject({
    items: count()
      .default(100)
      .describe("labelled frames that a new extension is on trial for, beside the old one"),
    age: durationMs
      .prefault("24h")
      .describe("age at which a trial with fewer labelled frames ends, and the new extension stays"),
    leastItems: count().default(30).describe("labelled frames of the trial before it may be rolled back"),
    margin: share
      .default(0.03)
      .describe("share of answers that it may get wrong beyond what the old one gets wrong"),
  })
  .prefault({});

const discovery = z
  .strictObject({
    mode: z
      .enum(["off", "propose", "accept"])
      .default("propose")
      .describe(
        "what becomes of a better set of hard classes: nothing, a proposal, or the next training's set",
      ),
    hardBelow: share
      .default(0.8)
      .describe("live precision of main's answer below which a class becomes hard"),
    easyAbove: share.default(0.95).describe("live precision above which a hard class becomes easy"),
    leastItems: count(5)
      .default(50)
      .describe("labelled frames that main must have given a class before it is judged"),
    saveInterval: timerMs
      .prefault("10s")
      .describe("how often the counts are written while labels come; a kill loses the labels since"),
  })
  .refine(({ hardBelow, easyAbove }) => hardBelow < easyAbove, {
    path: ["easyAbove"],
    error: "expected more than hardBelow: the gap keeps a class from going to and fro",
  })
  .prefault({});

/** Whether and how an edge node learns in service. */
export const learningConfigSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("collect labelled frames of hard classes and learn from them"),
    store,
    trigger,
    training,
    teacher,
    margins,
    rollback,
    discovery,
  })
  .prefault({});
export type LearningConfig = z.output<typeof learningConfigSchema>;
