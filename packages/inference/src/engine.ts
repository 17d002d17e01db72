/**
 * The engine port: one model on one `worker_threads` worker, so that no model ever holds up a socket.
 *
 *     run ─▶ checked ─▶ in flight (at most maxInFlight) ─▶ thread ─▶ outputs
 *                            │ thread dies: ENGINE_CRASHED, these batches only
 *                            └ thread restarts: 0.1 s, 0.2 s, … 5 s later; batches given meanwhile wait for it
 *
 * To swap a model, open a new engine, then close the old one: a thread takes its native memory with it, a session
 * re-created in place does not (onnxruntime #25325).
 */
import { Worker } from "node:worker_threads";
import { MeanetError, reasonOf } from "@meanet/runtime";
import { checkFeeds } from "./check-feeds.ts";
import type { Provider, ProviderRefusal, SessionOptions, ValueInfo } from "./session.ts";
import { type TensorViews, toTransfer } from "./tensor-view.ts";
import type { FromThread, OpenedMessage, ThreadData, ThreadError, ToThread } from "./thread-messages.ts";

/** What happens to an engine apart from its batches; for logs and counters. */
export type EngineEvent =
  | {
      /** A provider wished for earlier in the list did not start; the engine runs on `provider`. */
      readonly kind: "fallback";
      readonly engine: string;
      readonly provider: Provider;
      readonly refusals: readonly ProviderRefusal[];
    }
  | {
      /** The thread died, or did not come up again. `failedBatches` were rejected. */
      readonly kind: "crashed";
      readonly engine: string;
      readonly reason: string;
      readonly failedBatches: number;
      readonly restartInMs: number;
    }
  | { readonly kind: "restarted"; readonly engine: string; readonly provider: Provider };

export interface EngineOptions extends SessionOptions {
  /** Tells engines apart in errors and events. */
  readonly name: string;
  /** ONNX bytes, or the path of a file. The bytes are copied. */
  readonly model: Uint8Array | string;
  /** Whether a model made for batches of one is to take any: its frames are then run one by one. Default false. */
  readonly anyBatch?: boolean;
  /** Most batches in flight, ≥ 1. Two keep the thread busy. Default 2. */
  readonly maxInFlight?: number;
  /** Must not throw. */
  readonly onEvent?: (event: EngineEvent) => void;
}

export interface EngineAnswer {
  readonly outputs: TensorViews;
  /** Milliseconds of the native run alone. */
  readonly computeMs: number;
}

export interface Engine {
  readonly name: string;
  /** May change after a restart. */
  readonly provider: Provider;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly inFlight: number;
  /**
   * Runs one batch.
   *
   * @param feeds - one view per input. The engine takes them over: arrays that fill their buffer are transferred and have length 0
   * afterwards.
   * @throws {MeanetError} MODEL_INPUT_MISMATCH, ENGINE_BUSY, ENGINE_CLOSED (these three before anything is sent), ENGINE_CRASHED,
   * INFERENCE_FAILED
   */
  run(feeds: TensorViews): Promise<EngineAnswer>;
  /** Refuses new batches, waits for those in flight, ends the thread. Nothing keeps the process alive afterwards. */
  close(): Promise<void>;
}

const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 5000;

/** JavaScript heap of a thread; tensors and native memory lie outside. A leak ends the thread, not the process. */
const THREAD_HEAP_MB = 256;

/**
 * Opens a model in a thread of its own.
 *
 * @throws {MeanetError} MODEL_INVALID, PROVIDER_UNAVAILABLE; ENGINE_CRASHED when the thread dies while it opens
 */
export function openEngine(options: EngineOptions): Promise<Engine> {
  return openEngineOn(new URL("./engine-thread.ts", import.meta.url), options);
}

/** As {@link openEngine}, with another thread file: tests add ways to die to the real one. */
export async function openEngineOn(thread: URL, options: EngineOptions): Promise<Engine> {
  const engine = new ThreadedEngine(thread, options);
  await engine.open();
  return engine;
}

interface Batch {
  readonly feeds: TensorViews;
  /** Whether the thread has it; false while the thread restarts. */
  sent: boolean;
  readonly resolve: (answer: EngineAnswer) => void;
  readonly reject: (error: MeanetError) => void;
}

class ThreadedEngine implements Engine {
  readonly name: string;
  readonly #thread: URL;
  readonly #options: EngineOptions;
  readonly #batches = new Map<number, Batch>();
  #nextId = 1;
  #worker: Worker | undefined;
  /** Whether the worker's session is open. */
  #ready = false;
  #opened: OpenedMessage | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #restarts = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(thread: URL, options: EngineOptions) {
    this.name = options.name;
    this.#thread = thread;
    this.#options = options;
  }

  get provider(): Provider {
    return this.#description.provider;
  }

  get inputs(): readonly ValueInfo[] {
    return this.#description.inputs;
  }

  get outputs(): readonly ValueInfo[] {
    return this.#description.outputs;
  }

  get inFlight(): number {
    return this.#batches.size;
  }

  get #description(): OpenedMessage {
    return this.#opened!; // an engine is handed out opened, and keeps its last description while it restarts
  }

  async run(feeds: TensorViews): Promise<EngineAnswer> {
    if (this.#closing !== undefined) {
      throw new MeanetError("ENGINE_CLOSED", `${this.name} is closed; open a new engine`, {
        engine: this.name,
      });
    }
    checkFeeds(this.name, this.inputs, feeds);
    const limit = this.#options.maxInFlight ?? 2;
    if (this.#batches.size >= limit) {
      throw new MeanetError(
        "ENGINE_BUSY",
        `${this.name} has ${limit} batches in flight, its limit; wait for one to end`,
        { engine: this.name, limit },
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<EngineAnswer>();
    const id = this.#nextId++;
    this.#batches.set(id, { feeds, sent: false, resolve, reject });
    this.#sendWaiting();
    return promise;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#batches.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    post(worker, { kind: "close" });
    await exited;
  }

  /** Starts a thread; resolves when its session is open, rejects when the thread is gone without one. */
  open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const worker = new Worker(this.#thread, {
      name: this.name,
      workerData: threadData(this.#options),
      execArgv: [], // flags of the process, such as --input-type or --test, are not for this file
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
    });
    this.#worker = worker;
    let reason: string | undefined;
    let refusal: MeanetError | undefined;
    worker.on("message", (message: FromThread) => {
      if (message.kind === "opened") {
        this.#ready = true;
        this.#opened = message;
        this.#announce(message);
        resolve();
        this.#sendWaiting();
      } else if (message.kind === "refused") refusal = asError(this.name, message.error);
      else this.#settle(message);
    });
    worker.on("error", (error: Error) => (reason = error.message));
    // An unreadable message would leave its batch waiting for ever.
    worker.on("messageerror", (error) => {
      reason = error.message;
      void worker.terminate();
    });
    worker.on("exit", (code) => {
      const wasReady = this.#ready;
      this.#worker = undefined;
      this.#ready = false;
      const why = reason ?? `thread ended with code ${code}`;
      if (wasReady) this.#crashed(why);
      else reject(refusal ?? crash(`${this.name} died while it opened: ${why}`, this.name, why));
    });
    return promise;
  }

  #announce({ provider, refusals }: OpenedMessage): void {
    if (refusals.length > 0) {
      this.#options.onEvent?.({ kind: "fallback", engine: this.name, provider, refusals });
    }
  }

  #sendWaiting(): void {
    if (this.#worker === undefined || !this.#ready) return;
    for (const [id, batch] of this.#batches) {
      if (batch.sent) continue;
      batch.sent = true;
      const { views, buffers } = toTransfer(batch.feeds);
      post(this.#worker, { kind: "run", id, feeds: views }, buffers);
    }
  }

  #settle(message: Extract<FromThread, { id: number }>): void {
    const batch = this.#batches.get(message.id);
    this.#batches.delete(message.id);
    if (message.kind === "done") {
      this.#restarts = 0; // it works again: the next crash restarts fast
      batch?.resolve({ outputs: message.outputs, computeMs: message.computeMs });
    } else batch?.reject(asError(this.name, message.error));
    this.#checkDrained();
  }

  /** Fails the batches that the dead thread had, and after a failed restart also those that waited for it. */
  #crashed(reason: string, waitingToo = false): void {
    if (this.#closing !== undefined && this.#batches.size === 0) return;
    const failed = [...this.#batches].filter(([, batch]) => batch.sent || waitingToo);
    for (const [id, batch] of failed) {
      this.#batches.delete(id);
      batch.reject(crash(`${this.name} died with this batch in flight: ${reason}`, this.name, reason));
    }
    this.#restartLater(reason, failed.length);
    this.#checkDrained();
  }

  #restartLater(reason: string, failedBatches: number): void {
    const restartInMs = Math.min(FIRST_RESTART_MS * 2 ** this.#restarts, LAST_RESTART_MS);
    this.#restarts += 1;
    this.#options.onEvent?.({ kind: "crashed", engine: this.name, reason, failedBatches, restartInMs });
    this.#restartTimer = setTimeout(() => void this.#restart(), restartInMs);
  }

  async #restart(): Promise<void> {
    try {
      await this.open();
    } catch (error) {
      this.#crashed(reasonOf(error), true);
      return;
    }
    this.#options.onEvent?.({ kind: "restarted", engine: this.name, provider: this.provider });
  }

  #checkDrained(): void {
    if (this.#batches.size === 0) this.#drained?.();
  }
}

function post(worker: Worker, message: ToThread, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer);
}

/** Without what a message cannot carry: `onEvent` is a function. */
function threadData(engineOptions: EngineOptions): ThreadData {
  const {
    name: _name,
    maxInFlight: _max,
    onEvent: _onEvent,
    model,
    anyBatch = false,
    ...options
  } = engineOptions;
  return { model, anyBatch, options };
}

function crash(message: string, engine: string, reason: string): MeanetError {
  return new MeanetError("ENGINE_CRASHED", message, { engine, reason });
}

function asError(engine: string, { code, message, details }: ThreadError): MeanetError {
  return new MeanetError(code, `${engine}: ${message}`, { engine, ...details });
}
