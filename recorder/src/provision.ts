import { MeanetError } from "@meanet/runtime";
import type { Config } from "./config.ts";
import { connectInflux, InfluxRefusal } from "./influx/influx-server.ts";
import { provision } from "./influx/provision.ts";

/** Rolling up an hour of a busy site takes longer than a batch of points. */
const TIMEOUT_MS = 600_000;

/**
 * Makes retention policies and continuous queries in the recorder's InfluxDB, and fills the roll-ups from what it holds.
 *
 * @returns what was done, a line each
 * @throws {MeanetError} CONFIG_INVALID without an InfluxDB 1.x, STORE_UNUSABLE when it cannot be reached or refuses
 */
export async function provisionInflux({ influx }: Pick<Config, "influx">): Promise<string[]> {
  if (influx === undefined) {
    throw new MeanetError(
      "CONFIG_INVALID",
      "recorder: --provision needs an InfluxDB: give --influx-url http://host:port/database, or influx.url in the file",
    );
  }
  if (influx.version !== 1) {
    throw new MeanetError(
      "CONFIG_INVALID",
      `recorder: --provision makes policies and continuous queries, which InfluxDB ${influx.version} has not; its buckets and databases keep points as long as they are told when they are created`,
    );
  }
  const { raw, minutes, hours, late } = influx.policies;
  const policy = ({ name, keep }: typeof raw) => ({ name, keepMs: keep });
  const server = connectInflux({ ...influx, requestTimeout: TIMEOUT_MS });
  try {
    return await provision({
      server,
      policies: { raw: policy(raw), "1m": policy(minutes), "1h": policy(hours) },
      lateMs: late,
      now: Date.now(),
    });
  } catch (cause) {
    const reason = cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
    throw new MeanetError(
      "STORE_UNUSABLE",
      cause instanceof InfluxRefusal
        ? `InfluxDB at ${server.name} ${reason}; only an administrator may make policies and continuous queries`
        : `InfluxDB at ${server.name} cannot be provisioned (${reason}): check that it runs, and the URL`,
      { server: server.name },
      { cause },
    );
  }
}
