/** The thread of one training: runs {@link adapt} at the lowest priority, and waits wherever its gate is shut. */
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { isMeanetError, MeanetError, reasonOf } from "@meanet/runtime/error";
import { adapt } from "./adapt.ts";
import { type AdaptationMessage, type AdaptationThreadData, GO, STOP, WAIT } from "./thread-messages.ts";

const { task, gate } = workerData as AdaptationThreadData;
const port = parentPort!;

function tell(message: AdaptationMessage): void {
  port.postMessage(message);
}

/** On Linux priorities belong to threads, so this lowers only this one; elsewhere it would lower the whole process. */
function stepBack(): void {
  if (process.platform === "linux") setPriority(0, 19);
}

function waitAtGate(): number {
  if (Atomics.load(gate, 0) === GO) return 0;
  tell({ kind: "step", step: { kind: "waiting" } });
  const sinceMs = performance.now();
  while (Atomics.load(gate, 0) === WAIT) Atomics.wait(gate, 0, WAIT);
  if (Atomics.load(gate, 0) === STOP) throw new MeanetError("TRAINING_ABORTED", "the training was stopped");
  return performance.now() - sinceMs;
}

stepBack();
// An error that escapes the thread can abort the whole process inside ONNX Runtime: every one is caught and reported.
adapt(task, {
  gate: waitAtGate,
  nowMs: () => performance.now(),
  onStep: (step) => tell({ kind: "step", step }),
}).then(
  (result) => tell({ kind: "done", result }),
  (error: unknown) =>
    tell({
      kind: "failed",
      code: isMeanetError(error) ? error.code : "TRAINING_FAILED",
      message: reasonOf(error),
    }),
);
