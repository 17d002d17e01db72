import {
  computeJ,
  type DeviceProfile,
  deviceProfile,
  type EnergyMeter,
  openNvidiaSmi,
  openRapl,
} from "@meanet/energy";
import type { Logger } from "@meanet/runtime";
import type { CloudModel } from "./cloud-model.ts";
import type { Config } from "./config.ts";

/** Joules of batches, one after the other. */
export interface BatchMeter {
  /** `modelled:gpu-server`, `measured:nvml`. */
  readonly source: string;
  /** Of all batches since the start. */
  readonly totalJ: number;
  /**
   * A batch begins.
   *
   * @param macs - multiply-accumulates of the whole batch
   * @returns ends it, and gives its joules
   */
  begin(macs: number): () => number;
  close(): void;
}

/** A batch costs what its operations cost on the device. */
export function modelledMeter(profile: DeviceProfile): BatchMeter {
  let totalJ = 0;
  return {
    source: profile.source,
    get totalJ() {
      return totalJ;
    },
    begin: (macs) => () => {
      const joules = computeJ(profile, macs);
      totalJ += joules;
      return joules;
    },
    close: () => undefined,
  };
}

/**
 * A batch costs what the counter rises while it runs; idle power between batches counts for no item.
 *
 * NVML is read several times a second, so a short batch is often charged nothing and sometimes a whole interval. Over many
 * batches the sum is right; a single figure is not.
 */
export function measuredMeter(counter: EnergyMeter): BatchMeter {
  let totalJ = 0;
  return {
    source: counter.source,
    get totalJ() {
      return totalJ;
    },
    begin() {
      const beforeJ = counter.readJ();
      return () => {
        const joules = Math.max(0, counter.readJ() - beforeJ);
        totalJ += joules;
        return joules;
      };
    },
    close: () => counter.close(),
  };
}

/** The best source for the provider that the model runs on; where it cannot be read, the profile, and the source says so. */
export async function openMeter(
  { source, device }: Config["energy"],
  provider: CloudModel["provider"],
  log: Logger,
): Promise<BatchMeter> {
  const onGpu = provider !== "cpu";
  const profile = deviceProfile(device ?? (onGpu ? "gpu-server" : "x86-server"));
  if (source === "modelled" || (source === "auto" && !onGpu)) return modelledMeter(profile);
  const counter = onGpu
    ? await openNvidiaSmi({
        onLost: (reason) =>
          log.error({ reason }, "nvidia-smi is gone: measured energy stands still from here"),
      })
    : openRapl();
  if (counter !== undefined) return measuredMeter(counter);
  log.warn({ provider, profile: profile.name }, "energy cannot be measured here: it is modelled");
  return modelledMeter(profile);
}
