import {
  type ComputeMeter,
  deviceProfile,
  MeasuredMeter,
  ModelledMeter,
  openRapl,
  uplinkJ,
  uplinks,
} from "@meanet/energy";
import type { Logger } from "@meanet/runtime";
import type { Config } from "./config.ts";

export interface Energy {
  readonly meter: ComputeMeter;
  /** Joules of the radio for `bytes`. */
  readonly uplinkJ: (bytes: number) => number;
}

/** Where joules come from on this machine. Where the counter cannot be read they are modelled, and the source says so. */
export function openEnergy(config: Config["energy"], log: Logger): Energy {
  const uplink = uplinks[config.uplink];
  return { meter: openMeter(config, log), uplinkJ: (bytes) => uplinkJ(uplink, bytes) };
}

function openMeter(config: Config["energy"], log: Logger): ComputeMeter {
  if (config.source === "rapl") {
    const rapl = openRapl({
      onUnavailable: (reason) => log.warn({ reason }, "RAPL cannot be read here: energy is modelled"),
    });
    if (rapl !== undefined) {
      return new MeasuredMeter(rapl, (error) =>
        log.error({ err: error }, "RAPL can no longer be read: measured energy stands still"),
      );
    }
  }
  return new ModelledMeter(deviceProfile(config.device));
}
