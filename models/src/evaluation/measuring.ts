import type { EvaluationSplit } from "./frames.ts";

/** How far the models of a bundle have come with the frames of a split. */
export interface MeasuringProgress {
  readonly kind: "measuring";
  readonly split: EvaluationSplit;
  readonly frames: number;
  /** Of the work, in (0, 1]. */
  readonly done: number;
  /** At the speed so far. */
  readonly secondsLeft: number;
}

/**
 * Adds up the frames of passes that run side by side.
 *
 * @param passes - models that run over all the frames, each pass counted alike
 * @param nowMs - of a clock that never goes back
 * @returns told of the frames of each run
 */
export function countRuns(
  { split, frames, passes }: Pick<MeasuringProgress, "split" | "frames"> & { readonly passes: number },
  tell: (progress: MeasuringProgress) => void,
  nowMs: () => number = () => performance.now(),
): (ran: number) => void {
  const startedMs = nowMs();
  let sum = 0;
  return (ran) => {
    sum += ran;
    const done = sum / (passes * frames);
    const secondsLeft = ((nowMs() - startedMs) / 1000) * ((1 - done) / done);
    tell({ kind: "measuring", split, frames, done, secondsLeft });
  };
}
