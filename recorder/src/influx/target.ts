import type { InfluxConfig } from "../config.ts";
import { connectHttpTarget } from "./http-target.ts";
import { connectInflux, type PointTarget } from "./influx-server.ts";
import { LateRollups } from "./late-rollups.ts";

interface Connected {
  readonly server: PointTarget;
  /** Only version 1 has continuous queries. */
  readonly late: LateRollups | undefined;
}

/** Where points go, of the release that is configured. */
export function connectTarget(config: InfluxConfig): Connected {
  if (config.version !== 1) return { server: connectHttpTarget(config.version, config), late: undefined };
  const server = connectInflux(config);
  return { server, late: new LateRollups(server, config.policies.late) };
}
