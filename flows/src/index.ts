export { type Config, configSchema } from "./config.ts";
export { type RunningFlows, start } from "./main.ts";
