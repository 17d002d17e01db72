import { configSchema, start } from "@meanet/bridge";
import type { Command } from "commander";
import { processCommand } from "../process-command.ts";

export function bridgeCommand(): Command {
  return processCommand({
    name: "bridge",
    description:
      "Runs the bridge: nodes, cameras and sensors appear in other ecosystems, in the conventions asked for.",
    schema: configSchema,
    start,
    addresses: (running) => ({ http: running.http?.url }),
  });
}
