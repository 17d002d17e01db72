import { configSchema, start } from "@meanet/edge-node";
import type { Command } from "commander";
import { processCommand } from "../process-command.ts";

export function edgeCommand(): Command {
  return processCommand({
    name: "edge",
    description:
      "Runs an edge node: answers easy and hard frames itself, sends the complex ones to the cloud workers.",
    schema: configSchema,
    start,
    addresses: (running) => ({ http: running.http?.url }),
  });
}
