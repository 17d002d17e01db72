/**
 * A training thread: runs the training step for its shards of each batch.
 *
 * Input: {@link ShardRequest} messages, one at a time. Output: {@link ShardReply} messages; parameters, momentum and batch
 * statistics go through shared memory. ONNX Runtime refuses shared memory, hence the copies in and out.
 */

import { parentPort, workerData } from "node:worker_threads";
import { anyBatch } from "@meanet/inference/any-batch";
import { openSession, type Session, Tensor } from "@meanet/inference/session";
import { reasonOf } from "@meanet/runtime/error";
import { inputDims } from "../bundle/manifest.ts";
import { frameLength, matched } from "../data/gather.ts";
import { argmax } from "../routing.ts";
import { augmentFrameInto } from "./augmentation.ts";
import { randomAt } from "./random.ts";
import type {
  ShardReply,
  ShardRequest,
  ShardResult,
  ShardStep,
  ShardWorkerData,
  SharedShard,
} from "./shard-protocol.ts";
import { stepSession } from "./step-session.ts";

const data = workerData as ShardWorkerData;
const port = parentPort!;
const length = frameLength(data.input);
const frames = matched(data.labelled, data.input);

// Made once: the step reads and writes the same memory again and again.
const theta = new Float32Array(data.theta.length);
const momentum = new Float32Array(data.theta.length);
const x = new Float32Array(data.batch * length);
const target = new BigInt64Array(data.batch);
const learningRate = new Float32Array(1);
const out = {
  theta: new Float32Array(data.theta.length),
  momentum: new Float32Array(data.theta.length),
  loss: new Float32Array(1),
  logits: new Float32Array(data.batch * data.targets),
  statistics: new Float32Array(data.shards[0]!.statistics.length),
};
const feeds = {
  theta: new Tensor("float32", theta, [theta.length]),
  momentum: new Tensor("float32", momentum, [momentum.length]),
  learningRate: new Tensor("float32", learningRate, [1]),
  x: new Tensor("float32", x, [data.batch, ...inputDims(data.input)]),
  target: new Tensor("int64", target, [data.batch]),
};
const statistics = new Tensor("float32", out.statistics, [out.statistics.length]);
const fetches = {
  nextTheta: new Tensor("float32", out.theta, [theta.length]),
  nextMomentum: new Tensor("float32", out.momentum, [momentum.length]),
  loss: new Tensor("float32", out.loss, [1]),
  logits: new Tensor("float32", out.logits, [data.batch, data.targets]),
  statistics,
};

interface Sessions {
  readonly step: Session;
  readonly observation: Session;
  readonly frozen: Session | undefined;
}

function reply(message: ShardReply): void {
  port.postMessage(message);
}

function fill(request: ShardStep, position: number, shard: number): void {
  const random = randomAt(data.seed, request.epoch, request.step, shard);
  for (let item = 0; item < data.batch; item++) {
    const index = request.indices[position * data.batch + item]!;
    const frame = x.subarray(item * length, (item + 1) * length);
    augmentFrameInto(frame, frames, index, data.augmentation, random);
    target[item] = BigInt(data.targetOf[data.labelled.labels[index]!]!);
  }
}

function countCorrect(): number {
  let correct = 0;
  for (let item = 0; item < data.batch; item++) {
    const logits = out.logits.subarray(item * data.targets, (item + 1) * data.targets);
    correct += argmax(logits) === Number(target[item]) ? 1 : 0;
  }
  return correct;
}

/** Features of the frames in `x`, for a step that does not hold the frozen main itself. */
async function featuresOf(frozen: Session | undefined): Promise<{ F1?: Tensor }> {
  if (frozen === undefined) return {};
  const { F1 } = await frozen.run({ x: feeds.x });
  return { F1: F1! };
}

async function trainShard(
  { step: session, frozen }: Sessions,
  request: ShardStep,
  place: SharedShard,
  position: number,
): Promise<ShardResult> {
  theta.set(data.theta);
  momentum.set(data.momentum);
  learningRate[0] = request.learningRate;
  fill(request, position, place.shard);
  await session.run({ ...feeds, ...(await featuresOf(frozen)) }, fetches);
  place.theta.set(out.theta);
  place.momentum.set(out.momentum);
  return { shard: place.shard, loss: out.loss[0]!, correct: countCorrect() };
}

async function observeShard(
  { observation: session, frozen }: Sessions,
  request: ShardStep,
  place: SharedShard,
  position: number,
): Promise<ShardResult> {
  theta.set(data.theta);
  fill(request, position, place.shard);
  await session.run({ theta: feeds.theta, x: feeds.x, ...(await featuresOf(frozen)) }, { statistics });
  place.statistics.set(out.statistics);
  return { shard: place.shard, loss: 0, correct: 0 };
}

async function answer(sessions: Sessions, request: ShardRequest): Promise<void> {
  if (request.kind === "close") {
    await sessions.step.close();
    await sessions.observation.close();
    await sessions.frozen?.close();
    port.close();
    return;
  }
  const results: ShardResult[] = [];
  for (const [position, place] of data.shards.entries()) {
    const result =
      request.kind === "train"
        ? trainShard(sessions, request, place, position)
        : observeShard(sessions, request, place, position);
    results.push(await result);
  }
  reply({ kind: "done", results });
}

// An error that escapes the thread can abort the whole process inside ONNX Runtime: every one is caught and reported.
function fail(error: unknown): void {
  reply({ kind: "failed", message: reasonOf(error) });
}

async function start(): Promise<void> {
  const step = await openSession(data.step, stepSession);
  const observation = await openSession(data.observation, stepSession);
  const frozen =
    data.frozen === undefined ? undefined : anyBatch(await openSession(data.frozen, { threads: 1 }));
  port.on("message", (request: ShardRequest) => {
    answer({ step, observation, frozen }, request).catch(fail);
  });
  reply({ kind: "ready" });
}

start().catch(fail);
