/** From what the models say to figures: pure arithmetic, no models. All accuracies and shares are fractions. */
import { argmax, type DecisionSettings, decide, entropy } from "../routing.ts";
import type { EdgeAnswer } from "./predict.ts";

/** Accuracy over all frames, over those whose true class is hard, and over the others. */
export interface Accuracy {
  readonly accuracy: number;
  readonly hard: number;
  readonly easy: number;
}

/** What is known of one frame after every model saw it. */
export interface ScoredFrame {
  readonly label: number;
  readonly isHard: boolean;
  readonly mainClass: number;
  /** Of main, nats. */
  readonly entropy: number;
  readonly edgeClass: number;
  readonly exit: "main" | "extension";
  /** Whether main calls it hard, so that the extension runs unless the frame is sent. */
  readonly calledHard: boolean;
  readonly cloudClass: number | undefined;
}

export interface ScoreInput extends DecisionSettings {
  readonly labels: readonly number[];
  readonly edge: readonly EdgeAnswer[];
  readonly cloud?: readonly ArrayLike<number>[] | undefined;
}

export function scoreFrames({ labels, edge, cloud, ...settings }: ScoreInput): ScoredFrame[] {
  const hard = new Set(settings.hardClasses);
  return labels.map((label, index) => {
    const { p1, p2 } = edge[index]!;
    const own = decide({ p1, p2, ...settings });
    const mainClass = argmax(p1);
    return {
      label,
      isHard: hard.has(label),
      mainClass,
      entropy: entropy(p1),
      edgeClass: own.classIndex,
      exit: own.exit,
      calledHard: hard.has(mainClass),
      cloudClass: cloud === undefined ? undefined : argmax(cloud[index]!),
    };
  });
}

/** Accuracy of one of the answers, by kind of true class. */
export function accuracyOf(
  frames: readonly ScoredFrame[],
  answer: "mainClass" | "edgeClass" | "cloudClass",
): Accuracy {
  const isRight = (frame: ScoredFrame) => frame[answer] === frame.label;
  return {
    accuracy: share(frames, isRight),
    hard: share(
      frames.filter((frame) => frame.isHard),
      isRight,
    ),
    easy: share(
      frames.filter((frame) => !frame.isHard),
      isRight,
    ),
  };
}

/** Mean entropy of main over its right and over its wrong answers, nats, 0 where there are none: the threshold belongs between them. */
export function entropyMeans(frames: readonly Pick<ScoredFrame, "entropy" | "mainClass" | "label">[]): {
  readonly correct: number;
  readonly wrong: number;
} {
  const mean = (part: typeof frames) =>
    part.reduce((sum, frame) => sum + frame.entropy, 0) / Math.max(1, part.length);
  return {
    correct: mean(frames.filter((frame) => frame.mainClass === frame.label)),
    wrong: mean(frames.filter((frame) => frame.mainClass !== frame.label)),
  };
}

/** Share of `frames` for which `holds`; 0 of none. */
export function share<T>(frames: readonly T[], holds: (frame: T) => boolean): number {
  return frames.length === 0 ? 0 : frames.filter(holds).length / frames.length;
}
