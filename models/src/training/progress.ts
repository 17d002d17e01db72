import type { MeasuringProgress } from "../evaluation/measuring.ts";

/** What is trained, in this order. `extension` is adaptive and extension together, with main frozen; `joint` all three at once. */
export type PartName = "main" | "extension" | "cloud" | "joint";

/** Progress of a training: after each step, after each epoch, and while the result is measured. */
export type TrainingProgress = StepProgress | EpochProgress | MeasuringProgress;

interface StepProgress {
  readonly kind: "step";
  readonly part: PartName;
  /** The epoch under way, from 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps of this epoch that are done. */
  readonly step: number;
  readonly steps: number;
  /** Mean loss of the epoch so far, nats. */
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Of this part, at the present speed. */
  readonly secondsLeft: number;
}

export interface EpochProgress {
  readonly kind: "epoch";
  readonly part: PartName;
  /** Epochs done. */
  readonly epoch: number;
  readonly epochs: number;
  /** Mean over the epoch, nats; of augmented frames. */
  readonly loss: number;
  readonly trainAccuracy: number;
  /** Over all frames held out, or over those of hard classes for the extension; absent when it was not due. */
  readonly heldOutAccuracy?: number;
  /** Training time of the part so far. */
  readonly seconds: number;
}

/** One line about a training, for people. */
export function progressLine(progress: TrainingProgress): string {
  if (progress.kind === "measuring") {
    const { split, frames, done, secondsLeft } = progress;
    const of = split === "test" ? "frames of the test part" : "held-out frames";
    return `measuring on ${frames} ${of}: ${percent(done)}, ${duration(secondsLeft)} left`;
  }
  const epoch = `${progress.part} epoch ${progress.kind === "step" ? progress.epoch + 1 : progress.epoch}/${progress.epochs}`;
  if (progress.kind === "step") {
    const { step, steps, loss, learningRate, imagesPerSecond, secondsLeft } = progress;
    return `${epoch} step ${step}/${steps} loss ${loss.toFixed(3)} rate ${learningRate.toPrecision(2)} ${Math.round(imagesPerSecond)} frames/s, ${duration(secondsLeft)} left`;
  }
  const { loss, trainAccuracy, heldOutAccuracy, seconds } = progress;
  const heldOut = heldOutAccuracy === undefined ? "" : `, held out ${percent(heldOutAccuracy)}`;
  return `${epoch} done: loss ${loss.toFixed(3)}, train ${percent(trainAccuracy)}${heldOut}, ${duration(seconds)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
