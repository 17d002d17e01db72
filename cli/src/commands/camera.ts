import { configSchema, start } from "@meanet/camera";
import type { Command } from "commander";
import { processCommand } from "../process-command.ts";

export function cameraCommand(): Command {
  return processCommand({
    name: "camera",
    description:
      "Publishes the pictures of a real camera or video as a device, by way of ffmpeg: network cameras, USB cameras, files.",
    schema: configSchema,
    start,
    addresses: () => ({}),
  });
}
