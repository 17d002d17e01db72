/** How well main's answer tells easy frames from hard ones, and what kind its errors are. */
import { type ScoredFrame, share } from "./score.ts";

/** Of the frames that main calls hard, or easy, the share that is; 0 where it calls none so. */
export interface CallPrecision {
  readonly hard: number;
  readonly easy: number;
}

/**
 * Main's wrong answers by the true class and the class it says, shares of all frames: they sum to 1 − accuracy.
 *
 * The first two send a frame the wrong way; the last is what the extension is there to mend.
 *
 * @see the authors' released code, errors I to IV
 */
export interface MainErrors {
  readonly easyToHard: number;
  readonly hardToEasy: number;
  /** Another easy class. */
  readonly easyToEasy: number;
  /** Another hard class. */
  readonly hardToHard: number;
}

type Called = Pick<ScoredFrame, "isHard" | "calledHard">;

export function callPrecision(frames: readonly Called[]): CallPrecision {
  return {
    hard: share(
      frames.filter(({ calledHard }) => calledHard),
      ({ isHard }) => isHard,
    ),
    easy: share(
      frames.filter(({ calledHard }) => !calledHard),
      ({ isHard }) => !isHard,
    ),
  };
}

export function mainErrors(
  frames: readonly (Called & Pick<ScoredFrame, "label" | "mainClass">)[],
): MainErrors {
  const wrong = (from: boolean, to: boolean) =>
    share(
      frames,
      ({ isHard, calledHard, label, mainClass }) =>
        mainClass !== label && isHard === from && calledHard === to,
    );
  return {
    easyToHard: wrong(false, true),
    hardToEasy: wrong(true, false),
    easyToEasy: wrong(false, false),
    hardToHard: wrong(true, true),
  };
}
