/**
 * One training of adaptive and extension block on what an edge node has met, starting from their present weights. Main stays as it is: its
 * features F1 are computed once and are an input of the step like any other.
 *
 * Input: {@link AdaptationTask}. Output: {@link AdaptationResult}; steps on the way. Concurrency: blocks its thread, so it belongs in
 * one of its own; `gate` is called between any two runs and may block for as long as frames in service need the processor.
 */

import { anyBatch } from "@meanet/inference/any-batch";
import { openSession, type Session, Tensor } from "@meanet/inference/session";
import { MeanetError } from "@meanet/runtime/error";
import { inputDims } from "../bundle/manifest.ts";
import { readReference } from "../bundle/reference.ts";
import {
  averageStatistics,
  buildInference,
  buildStatistics,
  buildTrainingStep,
  type Part,
  type TrainedValues,
} from "../graph/index.ts";
import { decisionOf } from "../routing.ts";
import { type Random, randomAt } from "../training/random.ts";
import { learningRate } from "../training/schedule.ts";
import { stepSession } from "../training/step-session.ts";
import { type Batch, batchOf, type Pool, poolOf } from "./batches.ts";
import { carryOver } from "./dictionary.ts";
import { accuracyOf, type Prepared, prepare, rightAnswers, type Shapes, select } from "./edge-answers.ts";
import { extensionPart, learnableExtension } from "./learnable.ts";
import { adaptationBytes, checkMemory } from "./memory.ts";
import type { AdaptationResult, AdaptationStep, AdaptationTask, Comparison } from "./task.ts";

/** Forward, gradient of the inputs, gradient of the weights. */
const PASSES = 3;
/** A few items make a short epoch; below this many steps its loss says nothing. */
const LEAST_STEPS = 8;
const STATISTICS_BATCHES = 20;
const SCHEDULE = { kind: "one-cycle", warmUp: 0.1 } as const;
const [MOMENTUM, WEIGHT_DECAY] = [0.9, 5e-4];

export interface AdaptationEffects {
  /** Returns the milliseconds that it blocked. @throws {MeanetError} TRAINING_ABORTED */
  readonly gate: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  readonly onStep: (step: AdaptationStep) => void;
}

/** @throws {MeanetError} LEARNING_UNSUPPORTED, LEARNING_REFUSED, TRAINING_FAILED, TRAINING_ABORTED */
export async function adapt(task: AdaptationTask, effects: AdaptationEffects): Promise<AdaptationResult> {
  return new Adaptation(task, effects).run();
}

class Adaptation {
  readonly #task: AdaptationTask;
  readonly #effects: AdaptationEffects;
  readonly #part: Part;
  readonly #shapes: Shapes;
  #values: TrainedValues;
  #startedMs = 0;
  #pausedMs = 0;
  /** Part of it that was reported with earlier epochs. */
  #toldPausedMs = 0;

  constructor(task: AdaptationTask, effects: AdaptationEffects) {
    const { bundle, hardClasses, recipe } = task;
    this.#task = task;
    this.#effects = effects;
    const before = learnableExtension(bundle);
    this.#part = extensionPart(bundle, hardClasses.length);
    this.#values = carryOver(
      { ...before, hardClasses: bundle.manifest.hardClasses },
      { part: this.#part, hardClasses },
      recipe.seed,
    );
    this.#shapes = { x: inputDims(bundle.manifest.input), F1: this.#part.graph.shapes.get("F1")! };
  }

  async run(): Promise<AdaptationResult> {
    const { bundle, items, recipe, maxBytes } = this.#task;
    this.#startedMs = this.#effects.nowMs();
    const reference = readReference(bundle);
    const count = items.labels.length + (reference?.labels.length ?? 0);
    checkMemory(adaptationBytes(bundle, this.#part, count, recipe.batch), maxBytes, items.labels.length);

    this.#work(count * bundle.manifest.blocks.main.macs);
    const main = anyBatch(await openSession(bundle.files.main));
    const store = await this.#prepare(main, items);
    const clean =
      reference === undefined
        ? undefined
        : await this.#prepare(main, { ...reference, weights: reference.labels.map(() => 1) });
    await main.close();
    const learned = select(store, (at) => !items.heldOut[at]);
    const heldOut = select(store, (at) => items.heldOut[at]!);
    const even = clean && everyOtherOfClass(clean.labels);
    const replayed = clean && select(clean, (at) => even![at]!);
    const judged = clean && select(clean, (at) => !even![at]);

    const epochs = await this.#train(learned, replayed, heldOut);
    const extension = buildInference(this.#part, this.#values);
    return {
      extension,
      epochs,
      heldOut: await this.#compare(extension, heldOut),
      reference: judged === undefined ? null : await this.#compare(extension, judged),
    };
  }

  /** @returns epochs it took, the last one cut short if its time was over */
  async #train(learned: Prepared, replayed: Prepared | undefined, heldOut: Prepared): Promise<number> {
    const { recipe } = this.#task;
    const { nowMs } = this.#effects;
    const { batch, epochs } = recipe;
    const store = this.#poolOf(learned);
    const replay = replayed && this.#poolOf(replayed);
    if (store.size === 0) {
      throw new MeanetError(
        "LEARNING_REFUSED",
        "the store has no item of a hard class to learn from; tell the classes of frames first, on {device}/label/{id}",
      );
    }
    const ofReplay = replay === undefined || replay.size === 0 ? 0 : Math.floor(batch * recipe.replay);
    const steps = Math.max(LEAST_STEPS, Math.ceil(store.size / (batch - ofReplay)));
    const draw = (random: Random): Batch =>
      batchOf(
        [
          ...Array.from({ length: batch - ofReplay }, () => [store, store.draw(random)] as const),
          ...Array.from({ length: ofReplay }, () => [replay!, replay!.draw(random)] as const),
        ],
        this.#shapes,
      );

    const step = await openSession(
      buildTrainingStep(this.#part, { batch, momentum: MOMENTUM, weightDecay: WEIGHT_DECAY }).onnx,
      stepSession,
    );
    let momentum: Float32Array = new Float32Array(this.#values.theta.length);
    let epoch = 0;
    while (epoch < epochs && (epoch === 0 || !this.#isOver)) {
      const [pausedBefore, beganMs] = [this.#pausedMs, nowMs()];
      let lossSum = 0;
      let done = 0;
      // An epoch that has begun has at least one step.
      for (let index = 0; index < steps && (index === 0 || !this.#isOver); index++) {
        this.#gate();
        this.#work(PASSES * batch * this.#macs);
        const place = { epochs, epoch, step: index, stepsPerEpoch: steps };
        const rate = learningRate({ ...SCHEDULE, peak: recipe.learningRate }, place);
        const out = await step.run({
          theta: vector(this.#values.theta),
          momentum: vector(momentum),
          learningRate: vector(Float32Array.of(rate)),
          ...draw(randomAt(recipe.seed, epoch, index)),
        });
        const loss = (out.loss!.data as Float32Array)[0]!;
        if (!Number.isFinite(loss)) {
          throw new MeanetError(
            "TRAINING_FAILED",
            `the loss of epoch ${epoch + 1} is ${loss}; lower the learning rate, learning.training.rate of the node`,
          );
        }
        lossSum += loss;
        done += 1;
        this.#values = { ...this.#values, theta: out.nextTheta!.data as Float32Array };
        momentum = out.nextMomentum!.data as Float32Array;
      }
      const seconds = (nowMs() - beganMs - (this.#pausedMs - pausedBefore)) / 1000;
      epoch += 1;
      if (recipe.statistics === "recomputed") await this.#recompute(draw);
      const right = await this.#right(
        buildInference(this.#part, this.#values),
        this.#task.hardClasses,
        heldOut,
      );
      this.#effects.onStep({
        kind: "epoch",
        epoch,
        epochs,
        loss: lossSum / done,
        accuracy: right.length === 0 ? null : accuracyOf(right, heldOut.weights),
        imagesPerS: (done * batch) / seconds,
        pausedMs: this.#pausedMs - this.#toldPausedMs,
      });
      this.#toldPausedMs = this.#pausedMs;
    }
    await step.close();
    return epoch;
  }

  /** Moments over the mixture it learns from: running averages would lag behind the weights. */
  async #recompute(draw: (random: Random) => Batch): Promise<void> {
    const { batch, seed } = this.#task.recipe;
    this.#work(STATISTICS_BATCHES * batch * this.#macs);
    const session = await openSession(buildStatistics(this.#part, { batch }).onnx, stepSession);
    const observed: Float32Array[] = [];
    for (let index = 0; index < STATISTICS_BATCHES; index++) {
      this.#gate();
      const { x, F1 } = draw(randomAt(seed, 0x57a7, index));
      const { statistics } = await session.run({ theta: vector(this.#values.theta), x, F1 });
      observed.push(statistics!.data as Float32Array);
    }
    await session.close();
    this.#values = { ...this.#values, statistics: averageStatistics(this.#part, observed) };
  }

  async #compare(candidate: Uint8Array, frames: Prepared): Promise<Comparison> {
    const { bundle, hardClasses } = this.#task;
    const current = await this.#right(bundle.files.extension, bundle.manifest.hardClasses, frames);
    const after = await this.#right(candidate, hardClasses, frames);
    return {
      items: frames.labels.length,
      current: accuracyOf(current, frames.weights),
      candidate: accuracyOf(after, frames.weights),
      won: after.filter((right, at) => right && !current[at]).length,
      lost: current.filter((right, at) => right && !after[at]).length,
    };
  }

  #right(extension: Uint8Array, hardClasses: readonly number[], frames: Prepared): Promise<boolean[]> {
    this.#work(frames.labels.length * this.#macs);
    const decision = { ...decisionOf(this.#task.bundle.manifest), hardClasses };
    return rightAnswers(extension, decision, this.#shapes, frames, () => this.#gate());
  }

  /** The frames that are a target of the new dictionary. */
  #poolOf(frames: Prepared): Pool {
    const { bundle, hardClasses } = this.#task;
    return poolOf(frames, hardClasses, bundle.manifest.notHard ?? false);
  }

  #prepare(
    main: Session,
    frames: {
      readonly tensors: Float32Array;
      readonly labels: readonly number[];
      readonly weights: readonly number[];
    },
  ): Promise<Prepared> {
    return prepare(main, this.#shapes, frames, () => this.#gate());
  }

  /** Of adaptive and extension block, one frame forward. */
  get #macs(): number {
    const { adaptive, extension } = this.#task.bundle.manifest.blocks;
    return adaptive.macs + extension.macs;
  }

  /** Whether its computing time is over; pauses do not count. */
  get #isOver(): boolean {
    return this.#effects.nowMs() - this.#startedMs - this.#pausedMs > this.#task.maxComputeMs;
  }

  #gate(): void {
    this.#pausedMs += this.#effects.gate();
  }

  #work(macs: number): void {
    this.#effects.onStep({ kind: "work", macs });
  }
}

/** Splits into two halves with the same classes. */
function everyOtherOfClass(labels: readonly number[]): boolean[] {
  const seen = new Map<number, number>();
  return labels.map((label) => {
    const before = seen.get(label) ?? 0;
    seen.set(label, before + 1);
    return before % 2 === 0;
  });
}

function vector(data: Float32Array): Tensor {
  return new Tensor("float32", data, [data.length]);
}
