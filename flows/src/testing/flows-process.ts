import { createLog } from "@meanet/runtime";
import { configSchema } from "../config.ts";
import { start } from "../main.ts";

/** A process that runs flows with the settings of its first argument, and tells Node-RED's pid: for tests that kill it. */
const running = await start(configSchema.parse(JSON.parse(process.argv[2] ?? "{}")), {
  log: createLog("flows", "silent"),
});
process.send?.(running.pid);
