export { type ComputeMeter, MeasuredMeter, ModelledMeter } from "./compute-meter.ts";
export { type NvidiaSmiOptions, openNvidiaSmi } from "./nvidia-smi.ts";
export {
  computeJ,
  type DeviceProfile,
  type DeviceProfileName,
  deviceProfile,
  deviceProfileNames,
  deviceProfiles,
  joulesPerMac,
} from "./profile.ts";
export { openRapl, type RaplOptions } from "./rapl.ts";
export type { EnergyMeter, EnergySource } from "./source.ts";
export { type Uplink, type UplinkName, uplinkJ, uplinkPowerW, uplinkS, uplinks } from "./uplink.ts";
