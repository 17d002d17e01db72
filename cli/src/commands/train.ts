import { dirname, join } from "node:path";
import {
  bundleParts,
  readRecipe,
  requireBundlePlace,
  type TrainingProgress,
  train,
  trainPart,
} from "@meanet/models";
import { loadConfig } from "@meanet/runtime";
import { Command } from "commander";
import { z } from "zod";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { openData, skipUnreadableText } from "../open-data.ts";
import { tellReferenceHint } from "../reference-hint.ts";
import { lockTraining } from "../training-lock.ts";
import { putAside, watchTraining } from "../training-run.ts";

const trainConfigSchema = z
  .strictObject({
    recipe: z
      .string({
        error: "expected a recipe: networks, data, schedules and seed, such as those of models/recipes",
      })
      .describe("recipe, YAML: networks, data, schedules, seed (see models/recipes)"),
    out: z
      .string()
      .optional()
      .describe("folder of the bundle; a bundle that is there is replaced at the end; not with part"),
    part: z
      .enum(bundleParts)
      .optional()
      .describe(
        "train this part alone, into its checkpoint in work; the extension needs main done; left out: all, and the bundle",
      ),
    data: z
      .string()
      .optional()
      .describe(
        "folder of the official files, or of your own; left out: Debian's package, else the download",
      ),
    skipUnreadable: z.boolean().default(false).describe(skipUnreadableText),
    work: z
      .string()
      .optional()
      .describe("folder of checkpoints and of log.jsonl; left out: .meanet/training/{recipe's name}"),
    resume: z
      .boolean()
      .default(false)
      .describe(
        "go on from the checkpoints in work; without it they are put aside: work to {work}.previous, with part its checkpoint alone",
      ),
    threads: z
      .int()
      .min(1)
      .optional()
      .describe("worker threads, no matter for the result; left out: one per shard of the recipe"),
    json: z
      .boolean()
      .default(false)
      .describe("print one JSON line per epoch on standard output, progress on standard error"),
  })
  .refine(({ out, part }) => (out === undefined) !== (part === undefined), {
    path: ["out"],
    error:
      "expected the folder of the bundle to be made; or `part` without it, since one part makes no bundle",
  });

export function trainCommand(): Command {
  const command = new Command("train").description(
    "Trains a bundle by a recipe: main, hard classes, adaptive and extension with main frozen, the cloud's network.",
  );
  addConfigOptions(command, "train", trainConfigSchema);
  return command
    .addHelpText(
      "after",
      "\n--recipe is needed, and --out unless --part is given. Ctrl-C stops after the step under way, with a checkpoint that --resume goes on from.",
    )
    .action(runTrain);
}

async function runTrain(values: Record<string, unknown>): Promise<void> {
  const config = loadConfig("train", trainConfigSchema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(trainConfigSchema, values),
  });
  const { out, part, threads, json } = config;
  const recipe = await readRecipe(config.recipe);
  if (out !== undefined) await requireBundlePlace(out);
  const data = await openData(recipe.data.name, {
    from: config.data,
    shape: recipe.edge.input,
    skipUnreadable: config.skipUnreadable,
  });
  const work = config.work ?? join(".meanet", "training", recipe.name);
  await lockTraining(work);
  if (!config.resume) await putAside(work, part);
  await watchTraining(json ? process.stderr : process.stdout, async ({ signal, show }) => {
    const options = {
      data,
      folder: dirname(config.recipe),
      work,
      threads,
      signal,
      onProgress: (progress: TrainingProgress) => {
        show(progress);
        if (json && progress.kind === "epoch") console.log(JSON.stringify(progress));
      },
    };
    if (part !== undefined) {
      await trainPart(part, recipe, options);
      console.error(`${part} is trained, in ${work}; the other parts: the same command with --resume`);
    }
    if (out !== undefined) {
      const bundle = await train(recipe, { ...options, out });
      const { manifest, dir } = bundle;
      const { name, version } = manifest;
      console.error(
        `${name}@${version} stands in ${dir}; measure it: meanet evaluate --bundle ${dir}${config.data === undefined ? "" : ` --data ${config.data}`}`,
      );
      tellReferenceHint(data, bundle);
    }
  });
}
