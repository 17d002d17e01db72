import { MeanetError } from "@meanet/runtime";
import { averageStatistics, type Part, type TrainedValues } from "../graph/index.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { PartName, TrainingProgress } from "./progress.ts";
import { randomAt, shuffled } from "./random.ts";
import type { PartRecipe, Recipe } from "./recipe.ts";
import { learningRate } from "./schedule.ts";
import { Shards, type ShardsOptions } from "./shards.ts";

/** Batches, augmented as in training, over which the statistics of batch normalisation are taken before a reported evaluation. */
const STATISTICS_BATCHES = 40;

export interface FitOptions extends Omit<ShardsOptions, "theta" | "momentum" | "augmentation"> {
  readonly part: Part;
  readonly recipe: PartRecipe;
  /** The frames to learn from, indices into `labelled`. */
  readonly indices: Uint32Array;
  /** Fresh parameters; a checkpoint's take their place. */
  readonly initial: Float32Array;
  readonly checkpoint: string;
  readonly fingerprint: string;
  /** Fingerprint of the frames, their split and normalisation. */
  readonly frames: string;
  /** Held-out accuracy of parameters and statistics, in [0, 1]. */
  readonly evaluate: (values: TrainedValues) => Promise<number>;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A trained part: what inference graphs are built from. */
export interface Fitted {
  readonly values: TrainedValues;
  readonly heldOutAccuracy: number;
  readonly epochs: number;
  /** Wall-clock time of all its epochs, across resumes. */
  readonly seconds: number;
}

/**
 * Trains one part from where its checkpoint stands, writing a checkpoint after each epoch and when aborted.
 *
 * @throws {MeanetError} TRAINING_FAILED, CHECKPOINT_MISMATCH, CHECKPOINT_UNWRITABLE; TRAINING_ABORTED after the checkpoint was written
 */
export async function fit(options: FitOptions): Promise<Fitted> {
  const { recipe, initial } = options;
  const saved = await readCheckpoint(options.checkpoint, options.fingerprint, options.frames);
  const shards = await Shards.start({
    ...options,
    augmentation: recipe.augmentation,
    theta: saved?.theta ?? initial,
    momentum: saved?.momentum ?? new Float32Array(initial.length),
  });
  try {
    return await new Fit(options, shards, saved).run();
  } finally {
    await shards.close();
  }
}

/**
 * Whole batches of the frames that a part learns from.
 *
 * @throws {MeanetError} RECIPE_INVALID when there is none
 */
export function stepsPerEpoch(
  part: PartName,
  frames: number,
  { shards, frames: ofShard }: Recipe["batch"],
): number {
  const batch = shards * ofShard;
  if (frames >= batch) return Math.floor(frames / batch);
  throw new MeanetError(
    "RECIPE_INVALID",
    `${part}: ${frames} frames to learn from are fewer than one batch of ${shards} x ${ofShard} = ${batch}; lower batch.frames in the recipe, or give more frames`,
    { part, frames, batch },
  );
}

class Fit {
  readonly #options: FitOptions;
  readonly #shards: Shards;
  readonly #stepsPerEpoch: number;
  readonly #batch: number;
  #epoch: number;
  #step: number;
  #lossSum: number;
  #correct: number;
  #seconds: number;

  constructor(options: FitOptions, shards: Shards, saved: Awaited<ReturnType<typeof readCheckpoint>>) {
    this.#options = options;
    this.#shards = shards;
    this.#batch = options.batch * options.shards;
    this.#stepsPerEpoch = stepsPerEpoch(options.part.name, options.indices.length, {
      shards: options.shards,
      frames: options.batch,
    });
    this.#epoch = saved?.epoch ?? 0;
    this.#step = saved?.step ?? 0;
    this.#lossSum = saved?.lossSum ?? 0;
    this.#correct = saved?.correct ?? 0;
    this.#seconds = saved?.seconds ?? 0;
  }

  async run(): Promise<Fitted> {
    const { recipe } = this.#options;
    let accuracy: number | undefined;
    while (this.#epoch < recipe.epochs) {
      accuracy = await this.#runEpoch();
    }
    const values = await this.#values();
    return {
      values,
      heldOutAccuracy: accuracy ?? (await this.#options.evaluate(values)),
      epochs: recipe.epochs,
      seconds: this.#seconds,
    };
  }

  /** @returns held-out accuracy when this epoch is one to be evaluated */
  async #runEpoch(): Promise<number | undefined> {
    const { recipe, indices, seed, signal } = this.#options;
    const epoch = this.#epoch;
    const order = shuffled(indices, randomAt(seed, epoch));
    const before = this.#seconds;
    const firstStep = this.#step;
    const startedMs = performance.now();
    while (this.#step < this.#stepsPerEpoch) {
      const step = this.#step;
      const rate = learningRate(recipe.schedule, {
        epoch,
        step,
        epochs: recipe.epochs,
        stepsPerEpoch: this.#stepsPerEpoch,
      });
      const batch = order.subarray(step * this.#batch, (step + 1) * this.#batch);
      const outcome = await this.#shards.train(batch, { epoch, step, learningRate: rate });
      this.#lossSum += outcome.loss;
      this.#correct += outcome.correct;
      this.#step = step + 1;
      this.#seconds = before + (performance.now() - startedMs) / 1000;
      this.#report(rate, this.#step - firstStep, this.#seconds - before);
      if (signal?.aborted === true) {
        await this.#abort();
      }
    }
    return this.#endEpoch();
  }

  async #endEpoch(): Promise<number | undefined> {
    const { recipe, part, evaluate, onProgress } = this.#options;
    const loss = this.#lossSum / this.#stepsPerEpoch;
    const trainAccuracy = this.#correct / (this.#stepsPerEpoch * this.#batch);
    this.#epoch += 1;
    this.#step = 0;
    this.#lossSum = 0;
    this.#correct = 0;
    const due = this.#epoch === recipe.epochs || this.#epoch % recipe.evaluateEvery === 0;
    // Before the checkpoint, so that diverged parameters never replace a checkpoint to go on from.
    const values = due ? await this.#values() : undefined;
    await this.#save();
    const heldOutAccuracy = values === undefined ? undefined : await evaluate(values);
    onProgress?.({
      kind: "epoch",
      part: part.name,
      epoch: this.#epoch,
      epochs: recipe.epochs,
      loss,
      trainAccuracy,
      seconds: this.#seconds,
      ...(heldOutAccuracy === undefined ? {} : { heldOutAccuracy }),
    });
    return heldOutAccuracy;
  }

  #report(rate: number, stepsTimed: number, secondsTimed: number): void {
    const { recipe, part, onProgress } = this.#options;
    const stepsLeft = (recipe.epochs - this.#epoch) * this.#stepsPerEpoch - this.#step;
    onProgress?.({
      kind: "step",
      part: part.name,
      epoch: this.#epoch,
      epochs: recipe.epochs,
      step: this.#step,
      steps: this.#stepsPerEpoch,
      loss: this.#lossSum / this.#step,
      learningRate: rate,
      imagesPerSecond: (stepsTimed * this.#batch) / secondsTimed,
      secondsLeft: (stepsLeft * secondsTimed) / stepsTimed,
    });
  }

  async #abort(): Promise<never> {
    await this.#save();
    throw new MeanetError(
      "TRAINING_ABORTED",
      `stopped in epoch ${this.#epoch + 1} of ${this.#options.part.name}, with a checkpoint to go on from`,
      { part: this.#options.part.name, epoch: this.#epoch, step: this.#step },
    );
  }

  #save(): Promise<void> {
    return writeCheckpoint(this.#options.checkpoint, {
      fingerprint: this.#options.fingerprint,
      frames: this.#options.frames,
      epoch: this.#epoch,
      step: this.#step,
      lossSum: this.#lossSum,
      correct: this.#correct,
      seconds: this.#seconds,
      theta: this.#shards.theta,
      momentum: this.#shards.momentum,
    });
  }

  /**
   * Running averages lag behind at high learning rates; these statistics are those of the present parameters.
   *
   * @throws {MeanetError} TRAINING_FAILED when they are no numbers: the loss of a step tells only of the parameters before it
   */
  async #values(): Promise<TrainedValues> {
    const { indices, part, seed } = this.#options;
    const count = Math.min(STATISTICS_BATCHES, this.#stepsPerEpoch) * this.#batch;
    const drawn = shuffled(indices, randomAt(seed, -1)).subarray(0, count);
    const statistics = averageStatistics(part, await this.#shards.observe(drawn));
    if (!statistics.every(Number.isFinite)) {
      throw new MeanetError(
        "TRAINING_FAILED",
        `${part.name} gives no numbers after epoch ${this.#epoch}; lower the learning rate`,
        { part: part.name, epoch: this.#epoch },
      );
    }
    return { theta: Float32Array.from(this.#shards.theta), statistics };
  }
}
