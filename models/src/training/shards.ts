/**
 * Data-parallel training: each batch is cut into shards, worker threads run the step of each shard from the same
 * parameters, and the results are averaged. That is exactly the step of the whole batch, since the update is linear in
 * the gradient; only batch statistics are per shard.
 *
 * The shards are the recipe's, the threads the machine's: any number of threads gives bitwise the same parameters.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { MeanetError, reasonOf } from "@meanet/runtime";
import type {
  ShardReply,
  ShardRequest,
  ShardResult,
  ShardStep,
  ShardTask,
  ShardWorkerData,
  SharedShard,
} from "./shard-protocol.ts";

export interface ShardsOptions extends ShardTask {
  readonly shards: number;
  /** Worker threads; more than there are shards are not started. */
  readonly threads: number;
  readonly theta: Float32Array;
  readonly momentum: Float32Array;
  /** Length of the vector of batch statistics. */
  readonly statistics: number;
}

export interface StepOutcome {
  /** Mean over the batch, nats. */
  readonly loss: number;
  /** Frames of the batch whose target had the greatest logit. */
  readonly correct: number;
}

/** Used as the epoch of an observation, so that its draws are those of no training step. */
const OBSERVATION = -1;

export class Shards {
  /** The parameters after the last step. */
  readonly theta: Float32Array<SharedArrayBuffer>;
  readonly momentum: Float32Array<SharedArrayBuffer>;
  readonly #places: readonly SharedShard[];
  readonly #threads: readonly ShardThread[];
  readonly #batch: number;

  private constructor(options: ShardsOptions) {
    this.#batch = options.batch;
    this.theta = sharedFloats(options.theta.length);
    this.theta.set(options.theta);
    this.momentum = sharedFloats(options.momentum.length);
    this.momentum.set(options.momentum);
    this.#places = Array.from({ length: options.shards }, (_, shard) => ({
      shard,
      theta: sharedFloats(options.theta.length),
      momentum: sharedFloats(options.theta.length),
      statistics: sharedFloats(options.statistics),
    }));
    const threads = Math.max(1, Math.min(options.threads, options.shards));
    // By name: callers give more than a message to a thread can carry.
    const { step, observation, frozen, batch, labelled, targetOf, targets, input, augmentation, seed } =
      options;
    const task = { step, observation, frozen, batch, labelled, targetOf, targets, input, augmentation, seed };
    this.#threads = Array.from({ length: threads }, (_, thread) => {
      const shards = this.#places.filter((place) => place.shard % threads === thread);
      return new ShardThread({ ...task, shards, theta: this.theta, momentum: this.momentum });
    });
  }

  /**
   * Starts the threads and opens the step in each.
   *
   * @throws {MeanetError} TRAINING_FAILED
   */
  static async start(options: ShardsOptions): Promise<Shards> {
    const shards = new Shards(options);
    try {
      await Promise.all(shards.#threads.map((thread) => thread.ready()));
    } catch (error) {
      await shards.close();
      throw error;
    }
    return shards;
  }

  /**
   * One step on one batch: `indices` holds shards x batch frames.
   *
   * @throws {MeanetError} TRAINING_FAILED
   */
  async train(
    indices: Uint32Array,
    place: { epoch: number; step: number; learningRate: number },
  ): Promise<StepOutcome> {
    const outcome = await this.#run({ kind: "train", ...place, indices });
    average(this.theta, this.#places, "theta");
    average(this.momentum, this.#places, "momentum");
    return outcome;
  }

  /**
   * The batch statistics of the present parameters over frames augmented as in training; changes no parameter. The weights
   * were fitted to activations normalised with such batches: statistics of frames without their border and crop shift every
   * activation, which cost main of CIFAR-100 3.8 points.
   *
   * @param indices - a whole number of batches of shards x batch frames
   * @returns one vector per shard of each batch, in the order of `indices`
   */
  async observe(indices: Uint32Array): Promise<Float32Array[]> {
    const size = this.#batch * this.#places.length;
    const observed: Float32Array[] = [];
    for (let start = 0; start + size <= indices.length; start += size) {
      const part = indices.subarray(start, start + size);
      const step = start / size;
      await this.#run({ kind: "observe", epoch: OBSERVATION, step, learningRate: 0, indices: part });
      observed.push(...this.#places.map((place) => Float32Array.from(place.statistics)));
    }
    return observed;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async #run(request: ShardStep): Promise<StepOutcome> {
    const replies = await Promise.all(
      this.#threads.map((thread) => thread.run({ ...request, indices: this.#indicesOf(thread, request) })),
    );
    // In the order of shards, whatever thread ran them: sums of floats depend on it.
    const results = replies.flat().sort((a, b) => a.shard - b.shard);
    const loss = results.reduce((sum, result) => sum + result.loss, 0) / results.length;
    if (!Number.isFinite(loss)) {
      throw new MeanetError(
        "TRAINING_FAILED",
        `the loss of epoch ${request.epoch}, step ${request.step} is ${loss}; lower the learning rate`,
        { epoch: request.epoch, step: request.step },
      );
    }
    return { loss, correct: results.reduce((sum, result) => sum + result.correct, 0) };
  }

  #indicesOf(thread: ShardThread, request: ShardStep): Uint32Array {
    const indices = new Uint32Array(thread.shards.length * this.#batch);
    for (const [position, shard] of thread.shards.entries()) {
      const part = request.indices.subarray(shard * this.#batch, (shard + 1) * this.#batch);
      indices.set(part, position * this.#batch);
    }
    return indices;
  }
}

/** One worker thread and the one request it works on. */
class ShardThread {
  readonly shards: readonly number[];
  readonly #worker: Worker;
  #failure: MeanetError | undefined;
  #pending: { resolve(results: readonly ShardResult[]): void; reject(error: MeanetError): void } | undefined;
  readonly #ready: Promise<unknown>;

  constructor(data: ShardWorkerData) {
    this.shards = data.shards.map((place) => place.shard);
    this.#worker = new Worker(new URL("./shard-worker.ts", import.meta.url), { workerData: data });
    this.#ready = this.#expect();
    // Permanent: an error event without a listener would end the process.
    this.#worker.on("error", (error) => this.#fail(reasonOf(error)));
    this.#worker.on("exit", () => this.#fail("it ended"));
    this.#worker.on("message", (reply: ShardReply) => this.#receive(reply));
  }

  async ready(): Promise<void> {
    await this.#ready;
  }

  run(request: ShardStep): Promise<readonly ShardResult[]> {
    const results = this.#expect();
    this.#post(request);
    return results;
  }

  #post(request: ShardRequest): void {
    this.#worker.postMessage(request);
  }

  async close(): Promise<void> {
    const ended = once(this.#worker, "exit");
    if (this.#failure !== undefined) {
      await this.#worker.terminate();
      return;
    }
    // If anyone still waits for a reply, the exit rejects it.
    this.#post({ kind: "close" });
    await ended;
  }

  #expect(): Promise<readonly ShardResult[]> {
    const promise = new Promise<readonly ShardResult[]>((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
      } else {
        this.#pending = { resolve, reject };
      }
    });
    // The caller awaits it too; this only keeps a failure before that from being unhandled.
    promise.catch(() => {});
    return promise;
  }

  #receive(reply: ShardReply): void {
    if (reply.kind === "failed") {
      this.#fail(reply.message);
      return;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve(reply.kind === "done" ? reply.results : []);
  }

  #fail(message: string): void {
    this.#failure ??= new MeanetError("TRAINING_FAILED", `a training thread failed: ${message}`, { message });
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(this.#failure);
  }
}

function sharedFloats(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

function average(into: Float32Array, places: readonly SharedShard[], key: "theta" | "momentum"): void {
  for (let index = 0; index < into.length; index++) {
    let sum = 0;
    for (const place of places) {
      sum += place[key][index]!;
    }
    into[index] = sum / places.length;
  }
}
