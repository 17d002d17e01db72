import { configSchema, start } from "@meanet/cloud-worker";
import type { Command } from "commander";
import { processCommand } from "../process-command.ts";

export function workerCommand(): Command {
  return processCommand({
    name: "worker",
    description:
      "Runs a cloud worker: takes complex frames from the shared subscription and answers them in batches.",
    schema: configSchema,
    start,
    addresses: (running) => ({ http: running.http?.url }),
  });
}
