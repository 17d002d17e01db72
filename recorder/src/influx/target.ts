import type { InfluxConfig } from "../config.ts";
import { connectHttpTarget } from "./http-target.ts";
import { connectInflux, type PointTarget } from "./influx-server.ts";

/** Where points go, of the release that is configured. */
export function connectTarget(config: InfluxConfig): PointTarget {
  return config.version === 1 ? connectInflux(config) : connectHttpTarget(config.version, config);
}
