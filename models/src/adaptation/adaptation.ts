import { Worker } from "node:worker_threads";
import { MeanetError, reasonOf } from "@meanet/runtime";
import type { AdaptationResult, AdaptationStep, AdaptationTask } from "./task.ts";
import { type AdaptationMessage, type AdaptationThreadData, GO, STOP, WAIT } from "./thread-messages.ts";

/** A training in a thread of its own. */
export interface Adaptation {
  /** @throws {MeanetError} LEARNING_UNSUPPORTED, LEARNING_REFUSED, TRAINING_FAILED, TRAINING_ABORTED */
  readonly result: Promise<AdaptationResult>;
  /** It waits before its next run of a model; a run lasts milliseconds. */
  pause(): void;
  resume(): void;
  /** Ends it before its next run; `result` then rejects, TRAINING_ABORTED. */
  stop(): void;
}

/** JavaScript heap of the thread; tensors and native memory lie outside. */
const HEAP_MB = 256;

/** Trains an extension further; the calling thread stays free. */
export function startAdaptation(task: AdaptationTask, onStep: (step: AdaptationStep) => void): Adaptation {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const open = (value: number): void => {
    if (Atomics.load(gate, 0) === STOP) return;
    Atomics.store(gate, 0, value);
    Atomics.notify(gate, 0);
  };
  const workerData: AdaptationThreadData = { task, gate };
  const worker = new Worker(new URL("./adaptation-thread.ts", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const ended = new Promise<AdaptationResult>((resolve, reject) => {
    const fail = (why: string) => reject(new MeanetError("TRAINING_FAILED", `the thread that learns ${why}`));
    worker.on("error", (error) => fail(`failed: ${reasonOf(error)}`));
    worker.on("exit", () => fail("ended before it was done"));
    worker.on("message", (message: AdaptationMessage) => {
      if (message.kind === "step") onStep(message.step);
      else if (message.kind === "done") resolve(message.result);
      else reject(new MeanetError(message.code, message.message));
    });
  });
  const result = untilEnd(worker, ended);
  return {
    result,
    pause: () => open(WAIT),
    resume: () => open(GO),
    stop: () => open(STOP),
  };
}

/** The thread ends with its training, and its native memory is freed. */
async function untilEnd(worker: Worker, ended: Promise<AdaptationResult>): Promise<AdaptationResult> {
  try {
    return await ended;
  } finally {
    await worker.terminate();
  }
}
