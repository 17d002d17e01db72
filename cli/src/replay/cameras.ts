import { connectDevice, type Device } from "@meanet/device";
import type { Logger } from "@meanet/runtime";
import type { MqttConfig } from "@meanet/session";

export interface CamerasOptions {
  readonly mqtt: MqttConfig;
  readonly site: string;
  readonly log: Logger;
  /** Sets the client ids apart from those of another replay at the same broker. */
  readonly run: string;
  readonly count: number;
}

export interface Cameras {
  /** `camera-1`, `camera-2`, … */
  readonly devices: readonly Device[];
  close(): Promise<void>;
}

/** Connects simulated cameras. @throws {MeanetError} BROKER_UNREACHABLE */
export async function openCameras(options: CamerasOptions): Promise<Cameras> {
  const { mqtt, site, log, run, count } = options;
  const outcomes = await Promise.allSettled(
    Array.from({ length: count }, (_, index) => {
      const device = `camera-${index + 1}`;
      return connectDevice({ mqtt, site, device, log, clientId: `${device}-${run}` });
    }),
  );
  const devices = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const close = async () => {
    await Promise.all(devices.map((device) => device.close()));
  };
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return { devices, close };
  await close();
  throw failed.reason;
}
