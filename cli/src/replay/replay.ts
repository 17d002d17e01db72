import { setTimeout as sleep } from "node:timers/promises";
import type { Verdict } from "@meanet/protocol";
import { isMeanetError } from "@meanet/runtime";
import type { FrameResult } from "../figures.ts";
import type { FrameSource, LabelledFrame } from "./frame-source.ts";

/** What replay needs of a device. */
export interface Camera {
  publishFrame(frame: Uint8Array, options: { id: string; qos: 1 }): Promise<string>;
  awaitVerdict(id: string, timeoutMs: number): Promise<{ verdict: Verdict; latencyMs: number }>;
  label(id: string, label: string): Promise<void>;
}

export interface ReplayOptions {
  readonly cameras: readonly Camera[];
  readonly source: FrameSource;
  /** Begins every frame id; of this run alone, so that no journal knows the ids. */
  readonly run: string;
  /** Frames per second of all cameras together. */
  readonly rate: number;
  /** Frames to publish; undefined: until `signal`. */
  readonly frames: number | undefined;
  /** Frames that may await their verdict; when reached, the cameras wait. */
  readonly maxOutstanding: number;
  /** A frame without verdict for so long is published again under its id. */
  readonly republishAfterMs: number;
  /** Publications of one frame, the first included. */
  readonly attempts: number;
  /** Ends the publishing; frames under way are still awaited. */
  readonly signal: AbortSignal;
  readonly onResult: (result: FrameResult) => void;
  /** Neither verdict nor refusal came after all attempts. */
  readonly onDropped: (id: string) => void;
}

/**
 * Publishes labelled frames at a steady rate, camera after camera, and awaits the verdict of each. Resolves when every
 * published frame has come to its end.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const { cameras, source, rate, signal } = options;
  const underWay = new Set<Promise<void>>();
  const startMs = performance.now();
  for (let index = 0; index < (options.frames ?? Number.POSITIVE_INFINITY); index++) {
    const dueMs = startMs + (index * 1000) / rate;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    while (underWay.size >= options.maxOutstanding && !signal.aborted) await Promise.race(underWay);
    if (signal.aborted) break;
    const frame = follow(cameras[index % cameras.length]!, frameId(options.run, index), source.at(index));
    underWay.add(frame);
    void frame.then(() => underWay.delete(frame));
  }
  await Promise.all(underWay);

  /** Never rejects: a frame that fails is dropped. */
  async function follow(camera: Camera, id: string, frame: LabelledFrame): Promise<void> {
    const labelled = camera.label(id, frame.label).catch(() => undefined);
    for (let attempt = 1; attempt <= options.attempts; attempt++) {
      try {
        await camera.publishFrame(frame.payload, { id, qos: 1 });
        const { verdict, latencyMs } = await camera.awaitVerdict(id, options.republishAfterMs);
        const correct = verdict.outcome === "answered" ? verdict.label === frame.label : undefined;
        await labelled;
        options.onResult({ verdict, latencyMs, correct });
        return;
      } catch (error) {
        if (!isMeanetError(error, "VERDICT_TIMEOUT", "VERDICT_BACKLOG", "PUBLISH_BACKLOG")) break;
      }
    }
    options.onDropped(id);
  }
}

/** `r-mhx2k1-17` */
export function frameId(run: string, index: number): string {
  return `${run}-${index}`;
}
