export { type Config, configSchema } from "./config.ts";
export { type RunningWorker, start } from "./main.ts";
