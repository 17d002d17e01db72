/**
 * Devices as data: what one multiply-accumulate costs, and how that figure came about.
 *
 * Every profile is a model, from the energy that one known network costs on that device: figures within a factor of two at
 * best. They do not know your network's shape, precision or batch. Where a meter exists, prefer it.
 */
import { MeanetError } from "@meanet/runtime";
import { type EnergySource, requireCount } from "./source.ts";

export interface DeviceProfile {
  readonly name: string;
  readonly source: EnergySource;
  readonly title: string;
  /** What the watts cover. */
  readonly scope: "board" | "core" | "server";
  /** The network whose cost is known: joules per item over MACs per item gives joules per MAC. */
  readonly reference: {
    readonly network: string;
    readonly runtime: string;
    readonly macs: number;
    readonly itemJ: number;
    /** How `itemJ` was derived. */
    readonly derivation: string;
  };
  /** Public pages of the figures. */
  readonly sources: readonly string[];
  /** What the figure leaves out. */
  readonly caveat: string;
}

/** MACs of ResNet-50 at 224x224; the convolutions grow with the area. */
const RESNET50_MACS = 4.09e9;

const raspberryPi4 = {
  name: "raspberry-pi-4",
  source: "modelled:raspberry-pi-4",
  title: "Raspberry Pi 4 Model B, four Cortex-A72 cores",
  scope: "board",
  reference: {
    network: "ResNet-50, 224x224",
    runtime: "PyTorch on four cores, batch 1, precision not stated",
    macs: RESNET50_MACS,
    itemJ: 6.4 * 0.2252,
    derivation: "6.4 W (whole board, stress on four cores, 1.28 A at 5 V) x 225.2 ms model time",
  },
  sources: [
    "https://www.pidramble.com/wiki/benchmarks/power-consumption",
    "https://docs.pytorch.org/tutorials/intermediate/realtime_rpi.html",
  ],
  caveat: "Two publications, two boards. 2.7 W of the 6.4 W flow when idle too.",
} as const satisfies DeviceProfile;

const jetsonNano = {
  name: "jetson-nano",
  source: "modelled:jetson-nano",
  title: "NVIDIA Jetson Nano, 10 W mode",
  scope: "board",
  reference: {
    network: "ResNet-50, 256x256",
    runtime: "TensorRT FP16 on the GPU, batch 1",
    macs: RESNET50_MACS * (256 / 224) ** 2,
    itemJ: 10 * 0.042,
    derivation: "10 W (power mode, an upper bound, not a measurement) x 42 ms",
  },
  sources: [
    "https://developer.nvidia.com/embedded/jetson-nano",
    "https://github.com/kentaroy47/benchmark-FP32-FP16-INT8-with-TensorRT",
  ],
  caveat: "Half precision on the GPU; a CPU run on the same board costs several times more.",
} as const satisfies DeviceProfile;

const x86Server = {
  name: "x86-server",
  source: "modelled:x86-server",
  title: "One core of a current x86 server with AVX-512",
  scope: "core",
  reference: {
    network: "ResNet-32, 32x32",
    runtime: "ONNX Runtime 1.30 FP32, one thread",
    macs: 69e6,
    itemJ: (280 / 32) * 1.2e-3,
    derivation:
      "280 W TDP / 32 cores (AMD EPYC 9354, assumed part) x 1.20 ms, measured with this project's runtime",
  },
  sources: [
    "https://www.amd.com/en/products/processors/server/epyc/4th-generation-9004-and-8004-series.html",
  ],
  caveat:
    "TDP shared evenly over cores; no memory, fans or power supply. With RAPL the server measures instead.",
} as const satisfies DeviceProfile;

const gpuServer = {
  name: "gpu-server",
  source: "modelled:gpu-server",
  title: "Data-centre server with one NVIDIA A2 (PowerEdge XR12)",
  scope: "server",
  reference: {
    network: "ResNet-50, 224x224",
    runtime: "TensorRT INT8, MLPerf Inference 2.1 offline, tuned for efficiency",
    macs: RESNET50_MACS,
    itemJ: 1 / 11.58,
    derivation:
      "11.58 images/s per watt, system power measured under MLPerf rules; watts x seconds = 1 / 11.58 J",
  },
  sources: [
    "https://infohub.delltechnologies.com/en-us/l/mlperf-tm-inference-v2-1-with-nvidia-gpu-based-benchmarks-on-dell-poweredge-servers/summary-1070/",
  ],
  caveat:
    "INT8 at full batches: FP32 at small batches costs several times more. With nvidia-smi the worker measures instead.",
} as const satisfies DeviceProfile;

export const deviceProfiles = {
  "raspberry-pi-4": raspberryPi4,
  "jetson-nano": jetsonNano,
  "x86-server": x86Server,
  "gpu-server": gpuServer,
} as const satisfies Record<string, DeviceProfile>;

export type DeviceProfileName = keyof typeof deviceProfiles;

/** Names for a configuration schema: `z.enum(deviceProfileNames)`. */
export const deviceProfileNames = Object.keys(deviceProfiles) as DeviceProfileName[];

/** @throws {MeanetError} CONFIG_INVALID, which lists the names there are */
export function deviceProfile(name: string): DeviceProfile {
  const profile = deviceProfileNames.find((known) => known === name);
  if (profile === undefined) {
    throw new MeanetError(
      "CONFIG_INVALID",
      `no device profile "${name}"; expected one of ${deviceProfileNames.join(", ")}`,
      { name, expected: deviceProfileNames },
    );
  }
  return deviceProfiles[profile];
}

/** Joules of one multiply-accumulate. */
export function joulesPerMac(profile: DeviceProfile): number {
  return profile.reference.itemJ / profile.reference.macs;
}

/**
 * Joules of a forward pass by MACs alone.
 *
 * @param macs - multiply-accumulates of all blocks that ran, whole batch
 * @throws {MeanetError} ENERGY_INPUT_INVALID
 */
export function computeJ(profile: DeviceProfile, macs: number): number {
  return requireCount("macs", macs) * joulesPerMac(profile);
}
