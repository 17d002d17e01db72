import { readFile } from "node:fs/promises";
import { MeanetError } from "@meanet/runtime";
import { parse } from "yaml";
import { z } from "zod";
import { classifierSpecSchema, meanetSpecSchema } from "../networks/index.ts";
import { decisionRules } from "../routing.ts";
import { augmentationSchema } from "./augmentation.ts";
import { scheduleSchema } from "./schedule.ts";

const partSchema = z.strictObject({
  epochs: z.int().positive(),
  schedule: scheduleSchema,
  momentum: z.number().min(0).max(0.9999).default(0.9),
  weightDecay: z.number().min(0).default(5e-4),
  labelSmoothing: z.number().min(0).max(0.9).default(0),
  augmentation: augmentationSchema.prefault({}),
  evaluateEvery: z.int().positive().default(1).describe("Epochs between evaluations on held-out data."),
});

/** How one part is trained. */
export type PartRecipe = z.infer<typeof partSchema>;

export const recipeSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,64}$/, "expected an id of the form [a-z0-9-]{1,64}"),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'expected a version such as "1.0.0"'),
  data: z.strictObject({
    name: z.string(),
    heldOut: z.int().positive().describe("Frames of the official training set that no gradient sees."),
    use: z.int().positive().optional().describe("Learn from this many of the rest only; for trials."),
  }),
  seed: z.int().describe("Of the split, the first parameters, the order of frames and their augmentation."),
  batch: z
    .strictObject({
      shards: z.int().positive().default(2).describe("Parts of a batch that are computed side by side."),
      frames: z.int().positive().default(64).describe("Frames of one shard."),
    })
    .prefault({}),
  edge: meanetSpecSchema.describe("Main, adaptive and extension."),
  cloud: classifierSpecSchema.describe("The network of the cloud."),
  decision: z
    .enum([...decisionRules, "best"])
    .default("best")
    .describe(
      "Who answers a frame that the extension ran for; `best` is the rule that does best on held-out data.",
    ),
  train: z.strictObject({ main: partSchema, extension: partSchema, cloud: partSchema }),
  notes: z.array(z.string()).default([]).describe("What a reader of the card should know besides."),
});

/** All that decides a training: the same recipe and data give the same bundle on the same kind of machine. */
export type Recipe = z.infer<typeof recipeSchema>;

/**
 * Reads a recipe, a YAML file.
 *
 * @throws {MeanetError} RECIPE_INVALID
 */
export async function readRecipe(path: string): Promise<Recipe> {
  let value: unknown;
  try {
    value = parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new MeanetError(
      "RECIPE_INVALID",
      `${path} is no readable YAML file: ${cause instanceof Error ? cause.message : String(cause)}`,
      { path },
      { cause },
    );
  }
  return parseRecipe(value, path);
}

/** @throws {MeanetError} RECIPE_INVALID */
export function parseRecipe(value: unknown, path: string): Recipe {
  const result = recipeSchema.safeParse(value);
  if (!result.success) {
    throw new MeanetError("RECIPE_INVALID", `${path}:\n${z.prettifyError(result.error)}`, { path });
  }
  return result.data;
}
