import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { keysAt, MeanetError, reasonOf } from "@meanet/runtime";
import { parse } from "yaml";
import { z } from "zod";
import { ruleNames } from "../evaluation/rules.ts";
import { classifierSpecSchema, meanetSpecSchema } from "../networks/index.ts";
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

const extensionSchema = partSchema.extend({
  distillation: z
    .strictObject({
      weight: z
        .number()
        .min(0)
        .max(1)
        .describe("Share of the loss that main's answers have; the labels have the rest."),
      temperature: z.number().positive().describe("What the logits of both are divided by first."),
    })
    .optional()
    .describe(
      "The extension also learns what main says of the hard classes; by default from labels alone, as in the paper.",
    ),
});

const dataSchema = z
  .strictObject({
    name: z.string(),
    heldOut: z
      .int()
      .positive()
      .optional()
      .describe(
        "Frames of the official training set that no gradient sees, as many of each class as it has.",
      ),
    heldOutSubjects: z
      .int()
      .positive()
      .optional()
      .describe(
        "Instead of a number of frames: subjects, drawn by the seed, none of whose frames a gradient sees.",
      ),
    use: z.int().positive().optional().describe("Learn from this many of the rest only; for trials."),
  })
  .refine(
    ({ heldOut, heldOutSubjects }) => (heldOut === undefined) !== (heldOutSubjects === undefined),
    "expected either heldOut or heldOutSubjects",
  );

/** How one part is trained. */
export type PartRecipe = z.infer<typeof extensionSchema>;

const numbers = z.array(z.number()).min(1);

const elsewhere = {
  onnx: z.string().min(1).describe("ONNX file, from the recipe's folder."),
  logits: z.string().optional().describe("Tensor of logits [N, classes]; by default the file's only output."),
};

const importedMainSchema = z.strictObject({
  ...elsewhere,
  features: z.string().optional().describe("Tensor that becomes F1: a map [N, c, h, w]."),
  mean: numbers.optional().describe("Per channel, of byte/255, as it was trained; not for models of bytes."),
  std: numbers.optional().describe("Per channel, of byte/255, as it was trained; not for models of bytes."),
});

const importedCloudSchema = z.strictObject({
  ...elsewhere,
  mean: numbers.optional().describe("Per channel, of byte/255, as it was trained; by default the bundle's."),
  std: numbers.optional().describe("Per channel, of byte/255, as it was trained; by default the bundle's."),
});

/** A network that was trained elsewhere, as a recipe names it. */
export type ImportedModel = z.infer<typeof importedMainSchema>;

// What is beyond the paper is optional and has no default: a fingerprint and a manifest know only what a recipe says.
const schema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,64}$/, "expected an id of the form [a-z0-9-]{1,64}"),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'expected a version such as "1.0.0"'),
  data: dataSchema,
  seed: z.int().describe("Of the split, the first parameters, the order of frames and their augmentation."),
  batch: z
    .strictObject({
      shards: z.int().positive().default(2).describe("Parts of a batch that are computed side by side."),
      frames: z.int().positive().default(64).describe("Frames of one shard."),
    })
    .prefault({}),
  edge: meanetSpecSchema.describe("Main, adaptive and extension."),
  main: importedMainSchema
    .optional()
    .describe(
      "Main is an ONNX file made elsewhere. `edge` is of variant B then, and its backbone that of the adaptive block.",
    ),
  cloud: z
    .union([classifierSpecSchema, importedCloudSchema], {
      // Told by the key which of the two is meant: the problems of the other would only confuse.
      error: (issue) => {
        const meant = isObject(issue.input) && "onnx" in issue.input ? 1 : 0;
        const problems = issue.code === "invalid_union" ? (issue.errors[meant] ?? []) : [];
        return problems.map(({ message, path }) => `${message} → cloud.${path.join(".")}`).join("; ");
      },
    })
    .optional()
    .describe("The network of the cloud, or an ONNX file of it; left out for a bundle of edges alone."),
  hardClassRule: z
    .enum(["precision", "random"])
    .optional()
    .describe(
      "Which classes are hard: those of main's lowest precision on held-out data, as in the paper and by default, or any, drawn by the seed.",
    ),
  mainFrom: z
    .string()
    .optional()
    .describe(
      "Bundle of the zoo by name, or a folder: its main is taken as it is. Data, split and network of main must be this recipe's.",
    ),
  decision: z
    .enum([...ruleNames, "best"])
    .default("best")
    .describe(
      "Who answers a frame that the extension ran for; `best` is the rule that does best on held-out data, the paper's at a tie.",
    ),
  train: z.strictObject({
    main: partSchema.optional().describe("Left out with `mainFrom` or `main`."),
    extension: extensionSchema,
    cloud: partSchema.optional().describe("Left out without `cloud`, or where it is a file."),
  }),
  notes: z.array(z.string()).default([]).describe("What a reader of the card should know besides."),
});

export const recipeSchema = schema
  .refine(
    ({ main, mainFrom, train }) =>
      [main, mainFrom, train.main].filter((way) => way !== undefined).length === 1,
    {
      path: ["train", "main"],
      error:
        "expected either this, `mainFrom` or `main`: main is trained, taken from a bundle, or made elsewhere",
    },
  )
  .refine(({ cloud, train }) => (cloud === undefined || "onnx" in cloud) === (train.cloud === undefined), {
    path: ["train", "cloud"],
    error: "expected together with the network's description `cloud`, or neither",
  })
  .refine(({ main, edge }) => main === undefined || edge.variant === "B", {
    path: ["edge", "variant"],
    error: "expected B with `main`: a network made elsewhere is not split",
  })
  .refine(({ main, train }) => main === undefined || train.extension.distillation === undefined, {
    path: ["train", "extension", "distillation"],
    error: "expected none with `main`: nothing is learned from a network made elsewhere but its features",
  })
  .refine(({ edge, train }) => edge.notHard === undefined || train.extension.distillation === undefined, {
    path: ["train", "extension", "distillation"],
    error: 'expected none with `edge.notHard`: main has no answer "not hard" to learn from',
  })
  .refine(
    ({ edge, cloud }) =>
      cloud === undefined ||
      "onnx" in cloud ||
      (edge.input.join() === cloud.input.join() && edge.classes === cloud.classes),
    { path: ["cloud"], error: "expected the input and the classes of `edge`" },
  )
  .superRefine(({ edge, train }, context) => {
    const kind = edge.input.length === 2 ? "window" : "image";
    for (const [part, recipe] of Object.entries(train)) {
      if (recipe === undefined || (recipe.augmentation.kind ?? "image") === kind) continue;
      const message = `expected an augmentation of ${kind}s: { kind: ${kind} }`;
      context.addIssue({ code: "custom", path: ["train", part, "augmentation"], message });
    }
  });

/** All that decides a training: the same recipe and data give the same bundle on the same kind of machine. */
export type Recipe = z.infer<typeof recipeSchema>;

/**
 * Reads a recipe, a YAML file. A key that is `null` counts as left out. Where it says `extends: other.yaml` it tells what differs from
 * that recipe, which lies at that path from its own folder: keys within keys are merged, lists are replaced, `null` takes a key away.
 *
 * @throws {MeanetError} RECIPE_INVALID
 */
export async function readRecipe(path: string): Promise<Recipe> {
  return parseRecipe(await readExtended(path, []), path);
}

async function readExtended(path: string, extending: readonly string[]): Promise<unknown> {
  if (extending.includes(path)) {
    throw new MeanetError("RECIPE_INVALID", `${path}: \`extends\` comes back to where it began`, { path });
  }
  const value = await readYaml(path);
  if (!isObject(value)) return value;
  const { extends: base, ...changes } = value;
  if (base === undefined) return merged({}, changes);
  if (typeof base !== "string") {
    throw new MeanetError("RECIPE_INVALID", `${path}: expected the path of a recipe → extends`, { path });
  }
  return merged(await readExtended(resolve(dirname(path), base), [...extending, path]), changes);
}

function merged(base: unknown, changes: unknown): unknown {
  if (!isObject(changes)) return changes;
  const result: Record<string, unknown> = isObject(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function readYaml(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MeanetError(
      "RECIPE_INVALID",
      `recipe ${path} cannot be read; expected a YAML file: check the path and its rights`,
      { path },
      { cause },
    );
  });
  try {
    return parse(text);
  } catch (cause) {
    throw new MeanetError("RECIPE_INVALID", `${path} is no YAML: ${reasonOf(cause)}`, { path }, { cause });
  }
}

/** @throws {MeanetError} RECIPE_INVALID */
export function parseRecipe(value: unknown, path: string): Recipe {
  const result = recipeSchema.safeParse(value);
  if (!result.success) {
    const problems = result.error.issues.map(describeIssue).join("\n");
    throw new MeanetError("RECIPE_INVALID", `${path}:\n${problems}`, { path });
  }
  return result.data;
}

/** For an unknown key it lists those that exist. */
function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code !== "unrecognized_keys") return z.prettifyError(new z.ZodError([issue]));
  const path = issue.path.map(String);
  const expected = keysAt(recipeSchema, path).join(", ");
  return issue.keys
    .map((key) => `✖ unknown key → ${[...path, key].join(".")}; expected one of: ${expected}`)
    .join("\n");
}
