import { connectDevice, type Device, type DeviceOptions } from "@meanet/device";
import {
  isMeanetError,
  type Logger,
  MeanetError,
  type Running,
  type StartContext,
  StartedParts,
} from "@meanet/runtime";
import type { Config } from "./config.ts";
import { checkFfmpeg, picturesOf, STANDARD_INPUT } from "./ffmpeg.ts";
import { framesFrom } from "./frames.ts";
import { Publisher } from "./publisher.ts";

/**
 * Starts a camera. Resolves when it is connected to its broker, which is waited for; its input is opened then, and again
 * whenever it ends or fails. Standard input is there once: with its end the camera has failed.
 *
 * @throws {MeanetError} FFMPEG_MISSING, CONFIG_UNREADABLE; BROKER_UNREACHABLE when told to stop before a broker is there
 */
export function start(config: Config, { log, signal }: StartContext): Promise<Running> {
  const parts = new StartedParts();
  return parts.guard(async () => {
    await checkFfmpeg(config.ffmpeg);
    const { mqtt, site, device: name, maxOutstanding } = config;
    const device = await connectWhenThere({ mqtt, site, device: name, log, maxOutstanding, signal }, log);
    parts.add("device", device, (connected) => connected.close());

    const publisher = new Publisher(device, config, log);
    const tell = () => log.info(publisher.counts, "frames since the start");
    parts.add("summary", setInterval(tell, config.summaryInterval), (timer) => {
      clearInterval(timer);
      tell();
    });
    parts.add("frames under way", publisher, (publishing) => publishing.finished());
    const frames = framesFrom(picturesOf(config), {
      isReopened: config.input !== STANDARD_INPUT,
      silenceMs: config.silence,
      reopenAfterMs: config.reopenAfter,
      onReopen: (error, waitMs) => {
        if (error === undefined) log.info({ waitMs }, "the input has ended and is opened again");
        else log.warn({ err: error, waitMs }, "the input is opened again");
      },
    });
    const over = Promise.withResolvers<never>();
    over.promise.catch(() => undefined);
    const reading = frames.subscribe({
      next: (frame) => publisher.publish(frame),
      error: over.reject,
      complete: () =>
        over.reject(new MeanetError("CAMERA_FAILED", "standard input has ended: what writes to it is gone")),
    });
    parts.add("input", reading, (open) => open.unsubscribe());
    log.info({ site, device: name, rate: config.rate }, "camera started");
    return { stop: () => parts.stop(), failed: over.promise };
  });
}

async function connectWhenThere(options: DeviceOptions, log: Logger): Promise<Device> {
  while (true) {
    try {
      return await connectDevice(options);
    } catch (error) {
      if (options.signal?.aborted === true || !isMeanetError(error, "BROKER_UNREACHABLE")) throw error;
      log.warn({ err: error }, "pictures are published as soon as the broker is there");
    }
  }
}
