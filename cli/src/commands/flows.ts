import { configSchema, start } from "@meanet/flows";
import type { Command } from "commander";
import { processCommand } from "../process-command.ts";

export function flowsCommand(): Command {
  return processCommand({
    name: "flows",
    description:
      "Runs Node-RED with MEANet's nodes, flows and dashboard; your own flows stay yours. Beyond this machine it needs a login.",
    schema: configSchema,
    start,
    addresses: ({ dashboard, editor, http }) => ({ dashboard, editor, http: http?.url }),
  });
}
