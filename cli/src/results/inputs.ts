/** The JSON that the documents are made of: bundles of the zoo, runs put on record, the memory of training. */
import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type BlockCount,
  count,
  type Manifest,
  manifestSchema,
  readManifest,
  readRecipe,
} from "@meanet/models";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";

const share = z.number().min(0).max(1);
const accuracy = z.object({ accuracy: share, hard: share, easy: share });

/** What a document uses of an evaluation. Figures of older bundles lack what is optional. */
const evaluationSchema = z.object({
  data: z.string(),
  split: z.enum(["test", "held-out"]),
  n: z.int().positive(),
  main: accuracy,
  edge: accuracy,
  cloud: accuracy.optional(),
  offloaded: accuracy.extend({ exits: z.object({ main: share, extension: share, cloud: share }) }).optional(),
  rules: z.record(z.string(), share).optional(),
  detection: share,
  calls: z.object({ hard: share, easy: share }).optional(),
  mainErrors: z
    .object({ easyToHard: share, hardToEasy: share, easyToEasy: share, hardToHard: share })
    .optional(),
  exits: z.object({ main: share, extension: share }),
  extensionRuns: share,
  entropy: z.object({ correct: z.number(), wrong: z.number() }),
  threshold: z.number(),
  profile: z.string(),
  uplink: z.string(),
  curve: z.array(
    z.object({ T: z.number(), sent: share, accuracy: share, energyJ: z.number(), uplinkBytes: z.number() }),
  ),
});
export type RunEvaluation = z.infer<typeof evaluationSchema>;

const recordSchema = z.strictObject({
  schema: z.literal(1),
  manifest: manifestSchema,
  evaluations: z.array(evaluationSchema),
});

/** One training: what was run, and what came out of it. */
export interface Run {
  readonly manifest: Manifest;
  readonly evaluations: readonly RunEvaluation[];
}

const memorySchema = z.object({
  command: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.int(),
    versions: z.object({ "onnxruntime-node": z.string() }),
  }),
  batch: z.int(),
  cases: z.array(
    z.object({
      name: z.string(),
      what: z.string(),
      measuredBytes: z.number().positive(),
      computed: z.object({
        weights: z.number(),
        gradients: z.number(),
        momentum: z.number(),
        activations: z.number(),
        total: z.number().positive(),
      }),
    }),
  ),
});
export type TrainingMemoryReport = z.infer<typeof memorySchema>;

export interface Inputs {
  /** By name: bundles of the zoo, and runs put on record. */
  readonly runs: ReadonlyMap<string, Run>;
  /** Sizes of blocks by the name of their recipe. */
  readonly recipes: ReadonlyMap<
    string,
    Partial<Record<"main" | "adaptive" | "extension" | "cloud", BlockCount>>
  >;
  readonly memory: TrainingMemoryReport | undefined;
}

export interface InputFolders {
  /** Holds bundles. */
  readonly zoo: string;
  /** Holds `NAME.yaml`. */
  readonly recipes: string;
  /** Holds `runs/*.json` and `training-memory.json`; either may be missing. */
  readonly runs: string;
}

/** @throws {MeanetError} RESULTS_INVALID, BUNDLE_INVALID, RECIPE_INVALID */
export async function readInputs({ zoo, recipes, runs: folder }: InputFolders): Promise<Inputs> {
  const runs = new Map<string, Run>();
  for (const file of await names(join(folder, "runs"))) {
    if (!file.endsWith(".json")) continue;
    const path = join(folder, "runs", file);
    const { manifest, evaluations } = parsed(recordSchema, await readFile(path, "utf8"), path);
    runs.set(manifest.name, { manifest, evaluations });
  }
  for (const name of await names(zoo)) {
    const dir = join(zoo, name);
    if (await exists(join(dir, "manifest.json"))) runs.set(name, await readRun(dir));
  }
  const memory = join(folder, "training-memory.json");
  return {
    runs,
    recipes: await countRecipes(recipes),
    memory: (await exists(memory)) ? parsed(memorySchema, await readFile(memory, "utf8"), memory) : undefined,
  };
}

/**
 * Puts what a bundle was trained by and what it reaches on record, without its models: for bundles too many to keep.
 *
 * @returns the file written
 * @throws {MeanetError} BUNDLE_MISSING, BUNDLE_INVALID, RESULTS_INVALID
 */
export async function recordRun(bundle: string, folder: string): Promise<string> {
  const run = await readRun(bundle);
  const runs = join(folder, "runs");
  const path = join(runs, `${run.manifest.name}.json`);
  await mkdir(runs, { recursive: true });
  await writeFile(path, `${JSON.stringify({ schema: 1, ...run }, undefined, 1)}\n`);
  return path;
}

async function countRecipes(folder: string): Promise<Inputs["recipes"]> {
  const counts = new Map<string, Partial<Record<string, BlockCount>>>();
  for (const file of await names(folder)) {
    if (!file.endsWith(".yaml")) continue;
    const { name, edge, main, cloud } = await readRecipe(join(folder, file));
    // What was made elsewhere is counted in its bundle.
    const { main: _, ...behind } = count(edge);
    const ofEdge = main === undefined ? count(edge) : behind;
    const ofCloud = cloud === undefined || "onnx" in cloud ? {} : count(cloud);
    counts.set(name, { ...ofEdge, ...ofCloud });
  }
  return counts;
}

async function readRun(bundle: string): Promise<Run> {
  const manifest = await readManifest(bundle);
  const path = join(bundle, "evaluation.json");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MeanetError(
      "RESULTS_INVALID",
      `${path} cannot be read; measure the bundle: meanet evaluate --bundle ${bundle} --save true`,
      { path },
      { cause },
    );
  });
  return { manifest, evaluations: parsed(z.array(evaluationSchema), text, path) };
}

/** @throws {MeanetError} RESULTS_INVALID naming the file, and what of it is wrong */
export function parsed<T extends z.ZodType>(schema: T, text: string, path: string): z.output<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MeanetError(
      "RESULTS_INVALID",
      `${path} is not JSON; run its measurement again`,
      { path },
      { cause },
    );
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new MeanetError("RESULTS_INVALID", `${path}:\n${z.prettifyError(result.error)}`, { path });
}

/** What a folder holds, by name; nothing where there is none. */
export async function names(folder: string): Promise<string[]> {
  return (await exists(folder)) ? (await readdir(folder)).sort() : [];
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
