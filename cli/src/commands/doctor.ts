import { loadConfig } from "@meanet/runtime";
import { Command } from "commander";
import { z } from "zod";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { type CheckResult, checkText } from "../doctor/check.ts";
import {
  checkBroker,
  checkBundles,
  checkCamera,
  checkDataset,
  checkEnergy,
  checkImages,
  checkInflux,
  checkNode,
  checkPort,
  checkProviders,
  checkSqlite,
} from "../doctor/checks.ts";
import { exitCodes } from "../failure.ts";

const doctorConfigSchema = z.strictObject({
  bundle: z.string().default("fashion-mnist").describe("bundle of the zoo by name, or a folder"),
  port: z.int().min(1).max(65535).default(1883).describe("port that the broker would listen on"),
  broker: z.string().optional().describe("broker to reach, mqtt://host:port; left out: none"),
  influx: z.string().optional().describe("InfluxDB to reach, http://host:port/database; left out: none"),
  data: z.string().optional().describe("folder of the official Fashion-MNIST files"),
  json: z.boolean().default(false).describe("print the checks as one JSON array on the last line"),
});

export function doctorCommand(): Command {
  const command = new Command("doctor").description(
    "Checks runtime, native libraries, providers, bundles, ports and servers of this machine, and says what to do.",
  );
  addConfigOptions(command, "doctor", doctorConfigSchema);
  return command
    .addHelpText(
      "after",
      "\nExit code 1 when something that is needed is broken (✖); what is only missing (–) may stay so.",
    )
    .action(runDoctor);
}

async function runDoctor(values: Record<string, unknown>): Promise<void> {
  const config = loadConfig("doctor", doctorConfigSchema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(doctorConfigSchema, values),
  });
  const results: CheckResult[] = [];
  for await (const result of checks(config)) {
    results.push(result);
    if (!config.json) console.log(checkText(result));
  }
  const broken = results.filter(({ state }) => state === "broken").length;
  if (config.json) console.log(JSON.stringify(results));
  else console.log(broken === 0 ? "\nMEANet works here: meanet up" : `\n${broken} broken: see →`);
  // What a probed server left open must not keep a finished doctor alive.
  process.exit(broken === 0 ? exitCodes.done : exitCodes.failed);
}

async function* checks(config: z.output<typeof doctorConfigSchema>): AsyncGenerator<CheckResult> {
  yield checkNode();
  yield checkSqlite();
  yield checkImages();
  yield* await checkBundles(config.bundle);
  yield* await checkProviders(config.bundle);
  yield checkDataset(config.data);
  yield checkEnergy();
  yield checkCamera();
  yield checkPort(config.port);
  if (config.broker !== undefined) yield checkBroker(config.broker);
  if (config.influx !== undefined) yield checkInflux(config.influx);
}
