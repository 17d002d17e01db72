// An edge node in a process of its own, to be killed: the settings come as JSON in the first argument.
import { configSchema } from "./config.ts";
import { start } from "./main.ts";
import { log } from "./site-for-tests.ts";

await start(configSchema.parse(JSON.parse(process.argv[2]!)), { log });
process.send?.("ready");
