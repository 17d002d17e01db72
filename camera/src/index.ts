export { type Config, configSchema } from "./config.ts";
export { checkFfmpeg } from "./ffmpeg.ts";
export { start } from "./main.ts";
