/**
 * The thread of one engine: opens its session, answers batches one after the other, ends when told to close.
 *
 * Every error is caught and sent back: one that escapes a thread with a native session may abort the whole process.
 */
import { parentPort, workerData } from "node:worker_threads";
// Not the whole runtime: every engine thread would load its HTTP server and log, 160 ms and 58 MB.
import { isMeanetError, reasonOf } from "@meanet/runtime/error";
import { anyBatch } from "./any-batch.ts";
import { openSession, type Session, Tensor } from "./session.ts";
import { type TensorData, type TensorView, type TensorViews, toTransfer } from "./tensor-view.ts";
import type { FromThread, ThreadData, ThreadError, ToThread } from "./thread-messages.ts";

const port = parentPort!; // this file is only ever started as a worker
const { model, options, anyBatch: wantsAnyBatch } = workerData as ThreadData;

try {
  const opened = await openSession(model, options);
  const session = wantsAnyBatch ? anyBatch(opened) : opened;
  port.on("message", (message: ToThread) => {
    void (message.kind === "run" ? answer(session, message.id, message.feeds) : end(session));
  });
  const { provider, refusals, inputs, outputs } = session;
  send({ kind: "opened", provider, refusals, inputs, outputs });
} catch (error) {
  send({ kind: "refused", error: asData(error) });
  port.close();
}

async function answer(session: Session, id: number, feeds: TensorViews): Promise<void> {
  try {
    const tensors = Object.fromEntries(
      session.inputs.map(({ name, type }) => [name, toTensor(type, feeds[name]!)]),
    );
    const startMs = performance.now();
    const results = await session.run(tensors);
    const computeMs = performance.now() - startMs;
    const { views, buffers } = toTransfer(
      Object.fromEntries(session.outputNames.map((name) => [name, toView(results[name]!)])),
    );
    send({ kind: "done", id, outputs: views, computeMs }, buffers);
  } catch (error) {
    send({ kind: "failed", id, error: asData(error) });
  }
}

async function end(session: Session): Promise<void> {
  try {
    await session.close();
  } finally {
    port.close(); // the thread ends: nothing else holds it
  }
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function toTensor(type: Tensor.Type, { data, dims }: TensorView): Tensor {
  return new Tensor(type, data, dims);
}

function toView({ data, dims }: Tensor): TensorView {
  return { data: data as TensorData, dims };
}

function asData(error: unknown): ThreadError {
  if (isMeanetError(error)) return { code: error.code, message: error.message, details: error.details };
  return {
    code: "INFERENCE_FAILED",
    message: reasonOf(error),
    details: {},
  };
}
