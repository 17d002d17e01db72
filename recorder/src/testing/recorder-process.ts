import { createLog } from "@meanet/runtime";
import { configSchema } from "../config.ts";
import { start } from "../main.ts";

/** A recorder that a test can kill: `node recorder-process.ts '{"mqtt": …}'`. Tells its URL over IPC when it records. */
const config = configSchema.parse(JSON.parse(process.argv[2] ?? "{}"));
const running = await start(config, { log: createLog("recorder", "error") });
process.send?.({ url: running.http?.url });
