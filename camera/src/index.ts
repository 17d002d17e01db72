export { type Config, configSchema } from "./config.ts";
export { start } from "./main.ts";
