/** Every rule that the edge may decide by, side by side on the same frames. */
import type { DecisionRule, DecisionSettings, Temperatures } from "../routing.ts";
import type { EdgeAnswer } from "./predict.ts";
import { accuracyOf, scoreFrames } from "./score.ts";

/** The rules by name; the paper's come first. Those called calibrated use temperatures, which `extension` has no use for. */
export const ruleNames = [
  "extension",
  "confidence",
  "mean",
  "fusion",
  "confidence-calibrated",
  "mean-calibrated",
  "fusion-calibrated",
] as const;
export type RuleName = (typeof ruleNames)[number];

/** What the rules need beside the distributions, fitted on held-out frames. */
export interface RuleFit {
  readonly temperatures: Temperatures;
  /** w of `fusion`, in [0, 1]. */
  readonly fusionWeight: number;
  /** w of `fusion-calibrated`. */
  readonly calibratedFusionWeight: number;
}

/** Accuracy of the edge alone by rule; a bundle of an older training knows fewer. */
export type RuleAccuracies = Readonly<Partial<Record<RuleName, number>>>;

/** The settings of a rule; without a fit there are those that need none. */
export function settingsOf(
  name: RuleName,
  hardClasses: readonly number[],
  fit: RuleFit | undefined,
): DecisionSettings | undefined {
  const [rule, calibrated] = name.split("-") as [DecisionRule, string | undefined];
  if (fit === undefined) {
    return rule === "fusion" || calibrated !== undefined ? undefined : { rule, hardClasses };
  }
  const weight = calibrated === undefined ? fit.fusionWeight : fit.calibratedFusionWeight;
  return {
    rule,
    hardClasses,
    ...(rule === "fusion" ? { fusionWeight: weight } : {}),
    ...(calibrated === undefined ? {} : { temperatures: fit.temperatures }),
  };
}

export function ruleAccuracies(
  labels: readonly number[],
  edge: readonly EdgeAnswer[],
  hardClasses: readonly number[],
  fit: RuleFit | undefined,
): RuleAccuracies {
  return Object.fromEntries(
    ruleNames.flatMap((name) => {
      const settings = settingsOf(name, hardClasses, fit);
      if (settings === undefined) return [];
      return [[name, accuracyOf(scoreFrames({ labels, edge, ...settings }), "edgeClass").accuracy]];
    }),
  );
}
