import {
  type ComputeMeter,
  deviceProfile,
  MeasuredMeter,
  ModelledMeter,
  openNvidiaSmi,
  openRapl,
} from "@meanet/energy";
import type { Logger } from "@meanet/runtime";
import type { CloudModel } from "./cloud-model.ts";
import type { Config } from "./config.ts";

/**
 * The best source for the providers that the models run on, which is the GPU's as soon as one of them is there; where it cannot be read, the profile, and the source says so.
 *
 * NVML is read several times a second, so a short batch is often charged nothing and sometimes a whole interval. Over many
 * batches the sum is right; a single figure is not.
 */
export async function openMeter(
  { source, device }: Config["energy"],
  providers: readonly CloudModel["provider"][],
  log: Logger,
): Promise<ComputeMeter> {
  const onGpu = providers.some((provider) => provider !== "cpu");
  const profile = deviceProfile(device ?? (onGpu ? "gpu-server" : "x86-server"));
  if (source === "modelled" || (source === "auto" && !onGpu)) return new ModelledMeter(profile);
  const counter = onGpu
    ? await openNvidiaSmi({
        onLost: (reason) =>
          log.error({ reason }, "nvidia-smi is gone: measured energy stands still from here"),
      })
    : openRapl();
  if (counter !== undefined) {
    return new MeasuredMeter(counter, (error) =>
      log.error({ err: error }, "the energy counter can no longer be read: measured energy stands still"),
    );
  }
  log.warn({ providers, profile: profile.name }, "energy cannot be measured here: it is modelled");
  return new ModelledMeter(profile);
}
