/**
 * Where a frame's answer comes from: the rules of MEANet, used by evaluation and by the edge node alike.
 *
 *     entropy(p1) > T ............................. complex   the cloud is asked; the edge's own answer stands by
 *     argmax p1 is a hard class ................... hard      the extension runs
 *     else ........................................ easy      main answers
 *
 * @see Long et al. 2021 (arXiv 2109.06440), and the authors' released code
 */
import { MeanetError } from "@meanet/runtime";

export const decisionRules = ["extension", "confidence", "mean"] as const;
/**
 * Who answers a frame that the extension ran for:
 * - `extension`: always the extension;
 * - `confidence`: the more confident of main and extension, the extension at a tie;
 * - `mean`: the mean of both distributions over the hard classes, main's renormalised to them.
 */
export type DecisionRule = (typeof decisionRules)[number];

export type Route = "easy" | "hard" | "complex";

export type EdgeExit = "main" | "extension";

/** The answer of the edge itself. */
export interface Decision {
  readonly classIndex: number;
  /** Probability that the answering distribution gives its class, in [0, 1]. */
  readonly confidence: number;
  readonly exit: EdgeExit;
}

type Vector = ArrayLike<number>;

/**
 * Probabilities of logits.
 *
 * @param logits - shape [C]; any finite numbers (the greatest is subtracted first, so none overflows)
 */
export function softmax(logits: Vector): Float64Array {
  const peak = maximum(logits);
  const probabilities = new Float64Array(logits.length);
  let sum = 0;
  for (let index = 0; index < logits.length; index++) {
    const value = Math.exp(logits[index]! - peak);
    probabilities[index] = value;
    sum += value;
  }
  return probabilities.map((value) => value / sum);
}

/**
 * Shannon entropy of a class distribution, in nats: 0 is certain, ln C is uniform.
 *
 * @param probabilities - shape [C], C ≥ 2, each in [0, 1], sum 1 ± 1e-4 (not logits)
 * @returns nats, in [0, ln C]
 * @throws {MeanetError} INPUT_NOT_A_DISTRIBUTION
 * @see Long et al. 2021; p = 0 contributes 0, the limit of p·ln p
 */
export function entropy(probabilities: Vector): number {
  let sum = 0;
  let nats = 0;
  for (let index = 0; index < probabilities.length; index++) {
    const p = probabilities[index]!;
    // Written so that NaN fails too.
    if (!(p >= 0 && p <= 1 + 1e-4)) {
      throw notADistribution(probabilities, `entry ${index} is ${p}`);
    }
    sum += p;
    nats -= p > 0 ? p * Math.log(p) : 0;
  }
  if (Math.abs(sum - 1) > 1e-4) {
    throw notADistribution(probabilities, `its sum is ${sum}`);
  }
  return Math.min(Math.max(nats, 0), Math.log(probabilities.length));
}

/** Index of the greatest entry; the first at a tie. */
export function argmax(vector: Vector): number {
  let best = 0;
  for (let index = 1; index < vector.length; index++) {
    if (vector[index]! > vector[best]!) {
      best = index;
    }
  }
  return best;
}

export interface RouteInput {
  /** Main's distribution, shape [C]. */
  readonly p1: Vector;
  /** Entropy above which the cloud is asked, nats. */
  readonly threshold: number;
  /** Class indices whose frames the extension answers. */
  readonly hardClasses: readonly number[];
}

/**
 * @returns `complex` when main's entropy is above the threshold, else whether main's answer is a hard class
 * @throws {MeanetError} INPUT_NOT_A_DISTRIBUTION
 */
export function route({ p1, threshold, hardClasses }: RouteInput): Route {
  if (entropy(p1) > threshold) {
    return "complex";
  }
  return calledHard(p1, hardClasses) ? "hard" : "easy";
}

/** Whether main calls a frame hard, whatever its entropy: then the edge's own answer needs the extension. */
export function calledHard(p1: Vector, hardClasses: readonly number[]): boolean {
  return hardClasses.includes(argmax(p1));
}

export interface DecideInput {
  /** Main's distribution, shape [C]. */
  readonly p1: Vector;
  /** The extension's distribution over the hard classes, shape [H]; absent when main called the frame easy. */
  readonly p2?: Vector | undefined;
  readonly rule: DecisionRule;
  /** The label dictionary: position is the extension's index, value the class. */
  readonly hardClasses: readonly number[];
}

/** The edge's own answer. Its class is one of all C classes: the extension's index goes back through the dictionary. */
export function decide({ p1, p2, rule, hardClasses }: DecideInput): Decision {
  const first = argmax(p1);
  const fromMain: Decision = { classIndex: first, confidence: p1[first]!, exit: "main" };
  if (p2 === undefined) {
    return fromMain;
  }
  if (rule === "mean") {
    return fromExtension(meanOverHard(p1, p2, hardClasses), hardClasses);
  }
  const answer = fromExtension(p2, hardClasses);
  return rule === "confidence" && fromMain.confidence > answer.confidence ? fromMain : answer;
}

function fromExtension(distribution: Vector, hardClasses: readonly number[]): Decision {
  const compact = argmax(distribution);
  return { classIndex: hardClasses[compact]!, confidence: distribution[compact]!, exit: "extension" };
}

function meanOverHard(p1: Vector, p2: Vector, hardClasses: readonly number[]): Float64Array {
  const mass = hardClasses.reduce((sum, classIndex) => sum + p1[classIndex]!, 0);
  return Float64Array.from(hardClasses, (classIndex, compact) => (p1[classIndex]! / mass + p2[compact]!) / 2);
}

function maximum(vector: Vector): number {
  return vector[argmax(vector)] ?? Number.NaN;
}

function notADistribution(probabilities: Vector, reason: string): MeanetError {
  return new MeanetError(
    "INPUT_NOT_A_DISTRIBUTION",
    `expected class probabilities in [0, 1] that sum to 1 (not logits), but ${reason}`,
    { probabilities: Array.from(probabilities) },
  );
}
