export { type Config, configSchema } from "./config.ts";
export { type ConventionName, conventionNames } from "./convention.ts";
export { type RunningBridge, start } from "./main.ts";
