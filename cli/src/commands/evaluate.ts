import { deviceProfileNames, type UplinkName, uplinks } from "@meanet/energy";
import {
  evaluate,
  evaluateTable,
  evaluationSplits,
  loadBundle,
  resolveBundle,
  saveEvaluation,
} from "@meanet/models";
import { loadConfig } from "@meanet/runtime";
import { Command } from "commander";
import { z } from "zod";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { openBundleData, skipUnreadableText } from "../open-data.ts";
import { progressView } from "../training-run.ts";

const evaluateConfigSchema = z.strictObject({
  bundle: z.string().default("fashion-mnist").describe("bundle of the zoo by name, or a folder"),
  data: z
    .string()
    .optional()
    .describe("folder of the official files, or of your own; left out: Debian's package, else the download"),
  skipUnreadable: z.boolean().default(false).describe(skipUnreadableText),
  split: z
    .enum(evaluationSplits)
    .default("test")
    .describe("held-out: frames of the training set that no gradient saw; test: the official test set"),
  profile: z.enum(deviceProfileNames).default("raspberry-pi-4").describe("device whose joules are reckoned"),
  uplink: z
    .enum(Object.keys(uplinks) as [UplinkName, ...UplinkName[]])
    .default("wifi")
    .describe("radio whose joules are reckoned"),
  save: z
    .boolean()
    .default(false)
    .describe("keep the figures in the bundle's evaluation.json, in place of those of the same split"),
  json: z.boolean().default(false).describe("print the figures as one JSON object on the last line"),
});

export function evaluateCommand(): Command {
  const command = new Command("evaluate").description(
    "Measures a bundle on labelled frames: main, edge and cloud accuracy, exits, entropies, and the curve over the threshold.",
  );
  addConfigOptions(command, "evaluate", evaluateConfigSchema);
  return command.action(runEvaluate);
}

async function runEvaluate(values: Record<string, unknown>): Promise<void> {
  const config = loadConfig("evaluate", evaluateConfigSchema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(evaluateConfigSchema, values),
  });
  const { split, profile, uplink } = config;
  const bundle = await loadBundle(await resolveBundle(config.bundle));
  const dataset = await openBundleData(bundle.manifest, {
    from: config.data,
    skipUnreadable: config.skipUnreadable,
  });
  const figures = await evaluate(bundle, dataset, split, {
    profile,
    uplink,
    onProgress: progressView(process.stderr),
  });
  if (config.save) await saveEvaluation(bundle.dir, figures);
  console.log(config.json ? JSON.stringify(figures) : evaluateTable(figures));
}
