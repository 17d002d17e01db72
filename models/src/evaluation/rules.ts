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
  "product",
  "confidence-calibrated",
  "mean-calibrated",
  "fusion-calibrated",
  "product-calibrated",
] as const;
export type RuleName = (typeof ruleNames)[number];

/** What the rules need beside the distributions, fitted on held-out frames. */
export interface RuleFit {
  readonly temperatures: Temperatures;
  /** w of `fusion`, in [0, 1]. */
  readonly fusionWeight: number;
  /** w of `fusion-calibrated`. */
  readonly calibratedFusionWeight: number;
  /** w of `product` and of `product-calibrated`; absent in bundles of an older training. */
  readonly productWeight?: number | undefined;
  readonly calibratedProductWeight?: number | undefined;
}

/** Accuracy of the edge alone by rule; a bundle of an older training knows fewer. */
export type RuleAccuracies = Readonly<Partial<Record<RuleName, number>>>;

/** The settings of a rule; without what it was fitted to there are none, unless it needs nothing. */
export function settingsOf(
  name: RuleName,
  hardClasses: readonly number[],
  fit: RuleFit | undefined,
): DecisionSettings | undefined {
  const [rule, calibrated] = name.split("-") as [DecisionRule, string | undefined];
  const plain = calibrated === undefined;
  if (!plain && fit === undefined) return undefined;
  const temperatures = plain ? {} : { temperatures: fit!.temperatures };
  if (rule !== "fusion" && rule !== "product") return { rule, hardClasses, ...temperatures };
  const fusionWeight =
    rule === "fusion"
      ? fit?.[plain ? "fusionWeight" : "calibratedFusionWeight"]
      : fit?.[plain ? "productWeight" : "calibratedProductWeight"];
  return fusionWeight === undefined ? undefined : { rule, hardClasses, fusionWeight, ...temperatures };
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
