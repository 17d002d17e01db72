import { loadConfig } from "@meanet/runtime";
import { Command } from "commander";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { codeOf, describeFailure, exitCodes, reportFailure } from "../failure.ts";
import { tellParent } from "../ipc.ts";
import { untilStopped } from "../lifetime.ts";
import { upConfigSchema } from "../up/config.ts";
import { summaryText } from "../up/figures-view.ts";
import { fromHere } from "../up/overview.ts";
import { openScreen } from "../up/screen.ts";
import { isComplete, type UpSummary, up } from "../up/up.ts";

export function upCommand(): Command {
  const command = new Command("up").description(
    "Starts broker, edge node, cloud worker, recorder and Node-RED, and four cameras that replay real frames; shows what becomes of them. Ctrl-C stops everything in order.",
  );
  addConfigOptions(command, "up", upConfigSchema);
  return command
    .option("--no-replay", "simulate no cameras: wait for devices of your own")
    .option("--no-flows", "run no Node-RED: neither dashboard nor flows")
    .addHelpText(
      "after",
      `
Exit code 0 only if every frame got its verdict or refusal and each of these is stored.
The processes read their own environment too, such as MEANET__EDGE__PROVISIONAL=true; "meanet edge --help" lists it.`,
    )
    .action(runUp);
}

async function runUp(values: Record<string, unknown>): Promise<void> {
  const stopped = untilStopped();
  let code: number = exitCodes.done;
  try {
    const config = loadConfig("up", upConfigSchema, {
      file: values.config as string | undefined,
      environment: process.env,
      flags: configFlags(upConfigSchema, values),
    });
    const screen = openScreen(config.json ? process.stderr : process.stdout);
    const summary = await up(config, screen, stopped);
    screen.say(`\n${summaryText(summary)}\n${storeText(summary)}`);
    if (config.json) console.log(JSON.stringify(summary));
    if (!isComplete(summary, config.frames)) code = exitCodes.failed;
  } catch (error) {
    reportFailure(error);
    await tellParent({ type: "failed", code: codeOf(error), text: describeFailure(error) });
    code = exitCodes.failed;
  }
  process.exit(code);
}

function storeText({ store }: UpSummary): string {
  const { file, rows, missing, influx } = store;
  const lines = [`store      ${fromHere(file)}: ${rows} rows of this run, ${missing} missing`];
  if (influx?.error !== undefined)
    lines.push(`influx     could not be asked: ${influx.error}; rows that it lacks wait in the store`);
  else if (influx !== undefined)
    lines.push(`influx     ${influx.rows} rows of this run, ${influx.missing} missing`);
  return lines.join("\n");
}
