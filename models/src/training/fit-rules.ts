import type { EdgeAnswer } from "../evaluation/predict.ts";
import type { RuleFit } from "../evaluation/rules.ts";
import { type DecisionSettings, decide, type Temperatures } from "../routing.ts";

/** Temperatures are looked for between 1/10 and 10. */
const WIDEST = Math.log(10);
/** Weights that are tried: 0, 0.05, … 1. */
const WEIGHT_STEPS = 20;

/**
 * Fits what the rules need besides the distributions: a temperature for each exit, and w of `fusion` and `product` with and without them.
 *
 * Main's temperature is fitted on all frames; the extension's on those that it ran for and whose class it can say.
 *
 * @param labels - true class of each frame
 */
export function fitRules(
  labels: readonly number[],
  edge: readonly EdgeAnswer[],
  hardClasses: readonly number[],
): RuleFit {
  const judged = edge.flatMap(({ p2 }, index) => {
    if (p2 === undefined) return [];
    const compact = hardClasses.indexOf(labels[index]!);
    // An easy class is target H of an extension that has one.
    const target = compact === -1 ? hardClasses.length : compact;
    return target < p2.length ? [{ p: p2, target }] : [];
  });
  const temperatures = {
    main: fitTemperature(edge.map(({ p1 }, index) => ({ p: p1, target: labels[index]! }))),
    extension: fitTemperature(judged),
  };
  const fit = (rule: "fusion" | "product", calibration?: Temperatures) =>
    fitWeight(labels, edge, { rule, hardClasses, temperatures: calibration });
  return {
    temperatures,
    fusionWeight: fit("fusion"),
    calibratedFusionWeight: fit("fusion", temperatures),
    productWeight: fit("product"),
    calibratedProductWeight: fit("product", temperatures),
  };
}

/** A distribution and the index that was true. */
export interface Judged {
  readonly p: ArrayLike<number>;
  readonly target: number;
}

/**
 * The temperature of least negative log-likelihood, by golden section over its logarithm: the loss has one minimum, being
 * convex in the inverse of the temperature.
 *
 * @returns in [0.1, 10], three digits; 1 without frames
 * @see Guo et al. 2017, "On Calibration of Modern Neural Networks"
 */
export function fitTemperature(frames: readonly Judged[]): number {
  if (frames.length === 0) return 1;
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [-WIDEST, WIDEST];
  while (high - low > 1e-4) {
    const left = high - golden * (high - low);
    const right = low + golden * (high - low);
    if (logLoss(frames, Math.exp(left)) <= logLoss(frames, Math.exp(right))) high = right;
    else low = left;
  }
  return Math.round(1000 * Math.exp((low + high) / 2)) / 1000;
}

/** Mean negative log-likelihood at a temperature, nats. */
export function logLoss(frames: readonly Judged[], temperature: number): number {
  let sum = 0;
  for (const { p, target } of frames) {
    let total = 0;
    for (let index = 0; index < p.length; index++) total += p[index]! ** (1 / temperature);
    // A probability that underflows to 0 must not make the loss infinite.
    sum += Math.log(total) - Math.log(Math.max(p[target]!, Number.MIN_VALUE)) / temperature;
  }
  return sum / frames.length;
}

/** The weight of the best accuracy; the nearest to ½ at a tie. */
function fitWeight(
  labels: readonly number[],
  edge: readonly EdgeAnswer[],
  settings: DecisionSettings,
): number {
  const ran = edge.flatMap((answer, index) =>
    answer.p2 === undefined ? [] : [{ ...answer, label: labels[index]! }],
  );
  const weights = Array.from({ length: WEIGHT_STEPS + 1 }, (_, step) => step / WEIGHT_STEPS);
  weights.sort((a, b) => Math.abs(a - 0.5) - Math.abs(b - 0.5));
  let best = { weight: weights[0]!, right: -1 };
  for (const weight of weights) {
    const weighted = { ...settings, fusionWeight: weight };
    const right = ran.filter(
      ({ p1, p2, label }) => decide({ p1, p2, ...weighted }).classIndex === label,
    ).length;
    if (right > best.right) best = { weight, right };
  }
  return best.weight;
}
