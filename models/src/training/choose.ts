import type { EdgeAnswer } from "../evaluation/predict.ts";
import { accuracyOf, entropyMeans, scoreFrames } from "../evaluation/score.ts";
import { type DecisionRule, decisionRules } from "../routing.ts";

/** What a bundle decides with, found on held-out frames. */
export interface Choice {
  readonly decision: DecisionRule;
  /** Nats. */
  readonly threshold: number;
  /** Of the edge alone under each rule, on the same frames. */
  readonly accuracies: Readonly<Record<DecisionRule, number>>;
}

/**
 * Chooses the rule with the best accuracy of the edge alone (the first of `extension`, `confidence`, `mean` at a tie), and
 * the threshold half-way between main's mean entropies when right and when wrong.
 *
 * @param wish - a rule to take whatever its accuracy, or `best`
 */
export function choose(
  labels: readonly number[],
  edge: readonly EdgeAnswer[],
  hardClasses: readonly number[],
  wish: DecisionRule | "best",
): Choice {
  const accuracies = Object.fromEntries(
    decisionRules.map((rule) => {
      const frames = scoreFrames({ labels, edge, rule, hardClasses });
      return [rule, accuracyOf(frames, "edgeClass").accuracy];
    }),
  ) as Record<DecisionRule, number>;
  const best = decisionRules.reduce((a, b) => (accuracies[b] > accuracies[a] ? b : a));
  const { correct, wrong } = entropyMeans(scoreFrames({ labels, edge, rule: best, hardClasses }));
  return {
    decision: wish === "best" ? best : wish,
    // Three digits are what a person reads and sets again.
    threshold: Math.round(500 * (correct + wrong)) / 1000,
    accuracies,
  };
}
