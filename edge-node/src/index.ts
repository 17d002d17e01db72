export { type Config, configSchema } from "./config.ts";
export { type RunningEdge, start } from "./main.ts";
