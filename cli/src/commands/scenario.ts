import { loadConfig } from "@meanet/runtime";
import { Command } from "commander";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { exitCodes, reportFailure } from "../failure.ts";
import { untilStopped } from "../lifetime.ts";
import { lowLightConfigSchema } from "../scenario/config.ts";
import { runLowLight } from "../scenario/low-light.ts";
import { openProgress } from "../scenario/progress.ts";
import { lowLightText, writeLowLight } from "../scenario/report.ts";
import { fromHere } from "../up/overview.ts";

export function scenarioCommand(): Command {
  const lowLight = new Command("low-light").description(
    "The light goes, labels arrive, the edge learns: accuracy on hard classes before, during and after, on processes of its own.",
  );
  addConfigOptions(lowLight, "low-light", lowLightConfigSchema);
  lowLight
    .addHelpText(
      "after",
      `
Figures before and after are answers of the edge alone (policy edge-only) to frames that are streamed to no one and never labelled.
With --json the last line holds hardAccuracy, cleanAccuracy, accepted, and seconds and energyJ of the training.
The run is left in --out; "meanet results record FILE.json" keeps it for docs/results/low-light.md, and "meanet results low-light" makes that.
Exit code 0 whenever the run came to its end, also when the edge refused what it had learned.`,
    )
    .action(runScenario);
  return new Command("scenario")
    .description("Runs a scenario on processes of its own, and reports what became of it.")
    .addCommand(lowLight);
}

async function runScenario(values: Record<string, unknown>): Promise<void> {
  const stopped = untilStopped();
  let code: number = exitCodes.done;
  try {
    const config = loadConfig("low-light", lowLightConfigSchema, {
      file: values.config as string | undefined,
      environment: process.env,
      flags: configFlags(lowLightConfigSchema, values),
    });
    const run = await runLowLight(config, openProgress(process.stderr), stopped);
    const files = await writeLowLight(config.out, run);
    const stream = config.json ? process.stderr : process.stdout;
    stream.write(`${lowLightText(run.result, stream.isTTY === true)}\n`);
    stream.write(`written    ${files.map(fromHere).join(", ")}\n`);
    if (config.json) console.log(JSON.stringify(run.result));
    if (run.result.outcome === "failed") code = exitCodes.failed;
  } catch (error) {
    reportFailure(error);
    code = exitCodes.failed;
  }
  process.exit(code);
}
