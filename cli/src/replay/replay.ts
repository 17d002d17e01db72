import { setTimeout as sleep } from "node:timers/promises";
import type { Verdict } from "@meanet/protocol";
import { isMeanetError } from "@meanet/runtime";
import type { FrameResult } from "../figures.ts";
import type { FrameSource, LabelledFrame } from "./frame-source.ts";
import { frameId } from "./run-id.ts";

/** Frames that may await their verdict, unless the options say otherwise. */
const MAX_OUTSTANDING = 256;
/** A frame without verdict for so long is published again under its id. */
const REPUBLISH_AFTER_MS = 10_000;
/** Publications of one frame, the first included. */
const ATTEMPTS = 3;

/** The end of a frame of the source. */
export interface ReplayResult extends FrameResult {
  /** Its place in the row of the source. */
  readonly index: number;
}

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
  /** Frames that may await their verdict; when reached, the cameras wait. Default 256. */
  readonly maxOutstanding?: number | undefined;
  /** Frames to publish; undefined: until `signal`. */
  readonly frames: number | undefined;
  /** Whether the true class of the frame at a place is told. Left out: of every frame. */
  readonly tells?: ((index: number) => boolean) | undefined;
  /** Ends the publishing; frames under way are still awaited. */
  readonly signal: AbortSignal;
  /** Ends the awaiting too: what has no verdict then is dropped. */
  readonly giveUp: AbortSignal;
  readonly onResult: (result: ReplayResult) => void;
  /** Neither verdict nor refusal came after all attempts, or publishing failed. */
  readonly onDropped: (id: string, error: unknown) => void;
}

/**
 * Publishes labelled frames at a steady rate, camera after camera, and awaits the verdict of each. Resolves when every
 * published frame has come to its end.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const { cameras, source, rate, signal, maxOutstanding = MAX_OUTSTANDING } = options;
  const underWay = new Set<Promise<void>>();
  const giveUps = new Set<() => void>();
  const giveUpAll = () => {
    for (const giveUp of giveUps) giveUp();
  };
  options.giveUp.addEventListener("abort", giveUpAll);
  const startMs = performance.now();
  for (let index = 0; index < (options.frames ?? Number.POSITIVE_INFINITY); index++) {
    const dueMs = startMs + (index * 1000) / rate;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    while (underWay.size >= maxOutstanding && !signal.aborted) await Promise.race(underWay);
    if (signal.aborted) break;
    const frame = follow(cameras[index % cameras.length]!, index);
    underWay.add(frame);
    void frame.then(() => underWay.delete(frame));
  }
  await Promise.all(underWay);
  options.giveUp.removeEventListener("abort", giveUpAll);

  /** Never rejects: a frame that fails is dropped. */
  async function follow(camera: Camera, index: number): Promise<void> {
    const id = frameId(options.run, index);
    const frame = source.at(index);
    const tell = options.tells?.(index) ?? true;
    try {
      const { verdict, latencyMs } = await unlessGivenUp(answered(camera, id, frame, tell));
      const correct = verdict.outcome === "answered" ? verdict.label === frame.label : undefined;
      options.onResult({ index, verdict, latencyMs, correct });
    } catch (error) {
      options.onDropped(id, error);
    }
  }

  /** A race with one promise for all frames would keep every answer for as long as that promise is open. */
  function unlessGivenUp<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new Error("given up"));
      if (options.giveUp.aborted) giveUp();
      giveUps.add(giveUp);
      work.then(resolve, reject).finally(() => giveUps.delete(giveUp));
    });
  }

  async function answered(camera: Camera, id: string, { payload, label }: LabelledFrame, tell: boolean) {
    const labelled = tell ? camera.label(id, label) : undefined;
    // Awaited with the verdict; a frame that fails before, as at the end, leaves nobody to hear that its label failed too.
    labelled?.catch(() => undefined);
    for (let attempt = 1; ; attempt++) {
      await camera.publishFrame(payload, { id, qos: 1 });
      try {
        const answer = await camera.awaitVerdict(id, REPUBLISH_AFTER_MS);
        await labelled;
        return answer;
      } catch (error) {
        if (attempt === ATTEMPTS || !isMeanetError(error, "VERDICT_TIMEOUT")) throw error;
      }
    }
  }
}
