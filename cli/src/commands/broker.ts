import { configSchema, start } from "@meanet/broker";
import type { Command } from "commander";
import { processCommand } from "../process-command.ts";

export function brokerCommand(): Command {
  return processCommand({
    name: "broker",
    description:
      "Runs the MQTT broker: MQTT 3.1.1 over TCP and WebSocket, shared subscriptions, stated limits.",
    schema: configSchema,
    start,
    addresses: (running) => ({ http: running.http?.url }),
  });
}
