import { createLog, loadConfig, reasonOf } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { Command } from "commander";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { exitCodes } from "../failure.ts";
import { Figures } from "../figures.ts";
import { untilStopped } from "../lifetime.ts";
import { replayConfigSchema } from "../replay/config.ts";
import { openStream } from "../replay/open-stream.ts";
import { play } from "../replay/play.ts";
import { runId } from "../replay/run-id.ts";
import { stopSignals } from "../stop-signals.ts";
import { summaryText } from "../up/figures-view.ts";
import { openScreen } from "../up/screen.ts";

export function replayCommand(): Command {
  const command = new Command("replay").description(
    "Publishes labelled images or sensor windows as simulated devices to a broker where edge nodes work, and judges their verdicts.",
  );
  addConfigOptions(command, "replay", replayConfigSchema);
  return command
    .addHelpText("after", "\nExit code 0 only if every frame got its verdict or refusal.")
    .action(runReplay);
}

async function runReplay(values: Record<string, unknown>): Promise<void> {
  const config = loadConfig("replay", replayConfigSchema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(replayConfigSchema, values),
  });
  const screen = openScreen(config.json ? process.stderr : process.stdout);
  const { signal, giveUp } = stopSignals(untilStopped(), (text) => screen.say(text));
  const { site, frames } = config;
  const figures = new Figures();
  const run = runId();
  const startedAt = Date.now();
  const stream = await openStream(config);
  const draw = () =>
    screen.figures({ ...figures.summary(), elapsedMs: Date.now() - startedAt, nodeDrops: 0 });
  const drawing = setInterval(draw, screen.intervalMs);
  try {
    await play(stream, {
      mqtt: mqttConfigSchema.parse({ url: config.broker }),
      site,
      log: createLog("replay", "silent"),
      run,
      frames,
      signal,
      giveUp,
      onResult: (result) => figures.add(result),
      onDropped: (id, error) => {
        figures.addDropped();
        screen.say(`${id}: ${reasonOf(error)}`);
      },
    });
  } finally {
    clearInterval(drawing);
    draw();
    screen.close();
  }
  const summary = figures.summary();
  screen.say(`\n${summaryText(summary)}`);
  if (config.json) console.log(JSON.stringify(summary));
  const complete = summary.dropped === 0 && (frames === undefined || summary.frames >= frames);
  process.exit(complete ? exitCodes.done : exitCodes.failed);
}
