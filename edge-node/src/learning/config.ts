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
      .describe("of these, all classes together; the class that has most gives up its oldest"),
    heldOut: z
      .number()
      .min(0.1)
      .max(0.5)
      .default(0.25)
      .describe("share of the items that no training sees, to judge by"),
    frames: count().default(2048).describe("frames whose label may still come, kept in memory"),
    bytes: count()
      .default(64 * MIB)
      .describe("of those frames and their features, together"),
    age: durationMs
      .prefault("10m")
      .describe("how long a frame waits for its label, and a label for its frame"),
  })
  .prefault({});

const trigger = z
  .strictObject({
    items: count().default(200).describe("new items that begin a training"),
    age: durationMs.prefault("24h").describe("age of the oldest new item that begins one with fewer"),
    leastItems: count().default(40).describe("new items below which age alone begins none"),
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
      .describe("share of a batch that is reference frames of the bundle, against forgetting"),
    statistics: z
      .enum(["recomputed", "kept"])
      .default("recomputed")
      .describe("moments of batch normalisation: of what it learned from, or those it had"),
    seed: z.int().default(1).describe("of the order of frames, with the number of the training"),
    maxTime: durationMs
      .prefault("10m")
      .describe("computing time after which no further step begins; what was learned is judged"),
    maxMemory: count()
      .default(512 * MIB)
      .describe(
        "bytes of items, weights, activations and the thread itself, by arithmetic; a training takes as many items as fit",
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
      .describe("of an answer of the cloud, against 1 of a true label; 0 learns from none"),
    confidence: share
      .default(0.9)
      .describe("least probability of the answer, to learn from it and in a trial"),
  })
  .prefault({});

const margins = z
  .strictObject({
    gain: share
      .default(0.01)
      .describe("accuracy on held-out items by which a new extension must be better, and more"),
    sigmas: z
      .number()
      .min(0)
      .max(10)
      .default(1)
      .describe("by how many standard deviations it must win more held-out items than it loses, and more"),
    loss: share.default(0.02).describe("accuracy on reference frames that it may lose"),
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
      .describe("after which a trial with fewer ends, and the new extension stays as it was judged"),
    leastItems: count().default(30).describe("of these, before it may be rolled back"),
    margin: share
      .default(0.03)
      .describe("share of answers that it may get wrong beyond those the old one does"),
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
    easyAbove: share.default(0.95).describe("and above which one becomes easy"),
    leastItems: count(5)
      .default(50)
      .describe("labelled frames that main called so, before a class is judged"),
    saveInterval: timerMs
      .prefault("10s")
      .describe("how often the counts are written while labels come: a kill loses those since"),
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
