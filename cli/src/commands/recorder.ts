import { configSchema, provisionInflux, start } from "@meanet/recorder";
import type { Command } from "commander";
import { processCommand } from "../process-command.ts";

export function recorderCommand(): Command {
  return processCommand({
    name: "recorder",
    description:
      "Runs the recorder: stores every verdict and its joules in SQLite, and in InfluxDB when configured.",
    schema: configSchema,
    start,
    addresses: (running) => ({ http: running.http?.url }),
    errand: {
      flag: "--provision",
      description:
        "make retention policies and continuous queries in InfluxDB, tell what was done, and end; again whenever they change",
      run: provisionInflux,
    },
  });
}
