import { connectDevice, type Device } from "@meanet/device";
import type { Logger } from "@meanet/runtime";
import type { MqttConfig } from "@meanet/session";
import type { Stream } from "./open-stream.ts";
import { type Camera, type ReplayOptions, replay } from "./replay.ts";

export interface PlayOptions extends Omit<ReplayOptions, "cameras" | "source" | "rate"> {
  readonly mqtt: MqttConfig;
  readonly site: string;
  readonly log: Logger;
}

/** Connects the devices of a stream, replays it through them, and disconnects them. @throws {MeanetError} BROKER_UNREACHABLE */
export async function play({ kind, source, rate, names }: Stream, options: PlayOptions): Promise<void> {
  const { mqtt, site, log, ...more } = options;
  // The client ids are set apart from those of another replay at the same broker.
  const outcomes = await Promise.allSettled(
    names.map((device) => connectDevice({ mqtt, site, device, log, clientId: `${device}-${more.run}` })),
  );
  const devices = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  try {
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const cameras = kind === "image" ? devices : devices.map(asSensor);
    await replay({ ...more, cameras, source, rate });
  } finally {
    await Promise.all(devices.map((device) => device.close()));
  }
}

function asSensor(device: Device): Camera {
  return {
    publishFrame: (window, options) => device.publishWindow(window, options),
    awaitVerdict: (id, timeoutMs) => device.awaitVerdict(id, timeoutMs),
    label: (id, label) => device.label(id, label),
  };
}
