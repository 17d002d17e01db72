import type { EdgeAnswer } from "../evaluation/predict.ts";
import {
  type RuleAccuracies,
  type RuleFit,
  type RuleName,
  ruleAccuracies,
  ruleNames,
  settingsOf,
} from "../evaluation/rules.ts";
import { entropyMeans, type ScoredFrame, scoreFrames } from "../evaluation/score.ts";
import type { DecisionSettings } from "../routing.ts";
import { fitRules } from "./fit-rules.ts";

/** What a bundle decides with, found on held-out frames. */
export interface Choice {
  /** The rule chosen, with its weight and temperatures where it uses them. */
  readonly settings: DecisionSettings;
  /** Nats. */
  readonly threshold: number;
  /** Of the edge alone under each rule, on the same frames. */
  readonly accuracies: RuleAccuracies;
  /** What the rules were fitted to, chosen or not. */
  readonly fit: RuleFit;
}

/**
 * Fits every rule, chooses the one with the best accuracy of the edge alone (the first at a tie, so the paper's before ours), and
 * the threshold half-way between main's mean entropies when right and when wrong. Where main is never wrong nothing tells where wrong
 * answers would lie: then the threshold is the greatest entropy of all, and what is less certain than any of these frames is complex.
 *
 * All of it uses the same frames, so a rule's accuracy on them flatters it: only other frames tell.
 *
 * @param wish - a rule to take whatever its accuracy, or `best`
 */
export function choose(
  labels: readonly number[],
  edge: readonly EdgeAnswer[],
  hardClasses: readonly number[],
  wish: RuleName | "best",
): Choice {
  const fit = fitRules(labels, edge, hardClasses);
  const accuracies = ruleAccuracies(labels, edge, hardClasses, fit);
  const best = ruleNames.reduce((a, b) => (accuracies[b]! > accuracies[a]! ? b : a));
  const settings = settingsOf(wish === "best" ? best : wish, hardClasses, fit)!;
  const scored = scoreFrames({ labels, edge, ...settings });
  return {
    settings,
    threshold: thresholdBetween(scored),
    accuracies,
    fit,
  };
}

/** Nats, to three digits: what a person reads and sets. */
function thresholdBetween(frames: readonly ScoredFrame[]): number {
  if (frames.every(({ mainClass, label }) => mainClass === label)) {
    const greatest = frames.reduce((most, { entropy }) => Math.max(most, entropy), 0);
    return Math.ceil(1000 * greatest) / 1000;
  }
  const { correct, wrong } = entropyMeans(frames);
  return Math.round(500 * (correct + wrong)) / 1000;
}
