import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { runWhatIf, type WhatIf, whatIfOptionsSchema } from "@meanet/recorder";
import { loadConfig, MeanetError } from "@meanet/runtime";
import { Command } from "commander";
import { z } from "zod";
import { askRecorder, recordedSettings } from "../ask-recorder.ts";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { nothingFound } from "../nothing-found.ts";
import { whatIfPlot, whatIfSvg, whatIfTable } from "../whatif/view.ts";

const whatIfConfigSchema = z.strictObject({
  ...whatIfOptionsSchema.shape,
  plot: z.string().optional().describe("draw it: the SVG file to write, or - for characters in the terminal"),
  json: z.boolean().default(false).describe("print the answer as one JSON object"),
  ...recordedSettings,
});
type WhatIfConfig = z.output<typeof whatIfConfigSchema>;

export function whatIfCommand(): Command {
  const command = new Command("whatif").description(
    "Tells what other thresholds would have given on the recorded frames: share sent, accuracy, joules, bytes. No model runs.",
  );
  addConfigOptions(command, "whatif", whatIfConfigSchema);
  return command
    .addHelpText(
      "after",
      "\nNobody recorded what the cloud had said of a frame that stayed: each row tells the share of its frames whose answer is known, the accuracy over\nthese, and an estimate over all.",
    )
    .action(runWhatIfCommand);
}

async function runWhatIfCommand(values: Record<string, unknown>): Promise<void> {
  const config = loadConfig("whatif", whatIfConfigSchema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(whatIfConfigSchema, values),
  });
  const answer = await ask(config);
  const colour = process.stdout.isTTY === true;
  if (config.plot !== undefined && config.plot !== "-") await savePlot(config.plot, whatIfSvg(answer));
  if (config.json) console.log(JSON.stringify(answer));
  else if (answer.frames === 0) {
    const { edge, device, site, model } = config;
    console.log(nothingFound("answers", answer, { edge, device, site, model }));
  } else console.log(config.plot === "-" ? whatIfPlot(answer, colour) : whatIfTable(answer, colour));
}

/** @throws {MeanetError} OUTPUT_UNWRITABLE */
async function savePlot(path: string, svg: string): Promise<void> {
  try {
    await writeFile(path, svg);
  } catch (cause) {
    throw new MeanetError(
      "OUTPUT_UNWRITABLE",
      `cannot write the plot to ${path} (${(cause as Error).message}): name a file in a folder that exists, or - for the terminal`,
      { path },
      { cause },
    );
  }
}

/** @throws {MeanetError} QUERY_INVALID, STORE_UNUSABLE, RECORDER_UNREACHABLE */
async function ask({ store, recorder, ...config }: WhatIfConfig): Promise<WhatIf> {
  const { since, until, grid, edge, device, site, model } = config;
  const options = { since, until, grid, edge, device, site, model };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  if (recorder === undefined) return runWhatIf(resolve(store), given);
  return (await askRecorder(recorder, "/whatif", given)) as WhatIf;
}
