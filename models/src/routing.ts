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

export const decisionRules = ["extension", "confidence", "mean", "fusion", "product"] as const;
/**
 * Who answers a frame that the extension ran for:
 * - `extension`: always the extension;
 * - `confidence`: the more confident of main and extension, the extension at a tie;
 * - `mean`: the mean of both distributions over the hard classes, main's renormalised to them;
 * - `fusion`: both as one distribution over all classes, p(c) = (1 − w)·p1(c) + w·[c hard]·P1(hard)·p2(c), where P1(hard) is
 *   what main gives to all hard classes. Since main's own class is hard, so is the answer; with w = ½ it is that of `mean`,
 *   and its confidence still counts what main leaves to the easy classes;
 * - `product`: as `fusion`, but both multiplied: p(c) = P1(hard)·p1(c)^(1−w)·p2(c)^w over the sum of those of all hard classes. What
 *   one of them finds impossible is out (a logarithmic opinion pool, as in Hinton 2002, "Training Products of Experts").
 *
 * The paper has the first two; the others are ours, beside them.
 */
export type DecisionRule = (typeof decisionRules)[number];

/**
 * Calibration: confidences are those of logits divided by these (Guo et al. 2017), fitted on held-out frames. They move the
 * rules other than `extension`, and no entropy: T is compared with main's raw softmax, as in the paper.
 */
export interface Temperatures {
  readonly main: number;
  readonly extension: number;
}

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

/** How a bundle's edge decides. */
export interface DecisionSettings {
  readonly rule: DecisionRule;
  /** The label dictionary: position is the extension's index, value the class. */
  readonly hardClasses: readonly number[];
  /** Rules `fusion` and `product`: w, the extension's share, in [0, 1]. Default ½. */
  readonly fusionWeight?: number | undefined;
  /** Without them confidences are those of the plain softmax. */
  readonly temperatures?: Temperatures | undefined;
}

/** {@link DecisionSettings} as a manifest spells them. */
export function decisionOf(manifest: {
  readonly decision: DecisionRule;
  readonly hardClasses: readonly number[];
  readonly fusionWeight?: number | undefined;
  readonly temperatures?: Temperatures | undefined;
}): DecisionSettings {
  const { decision, hardClasses, fusionWeight, temperatures } = manifest;
  return { rule: decision, hardClasses, fusionWeight, temperatures };
}

export interface DecideInput extends DecisionSettings {
  /** Main's distribution, shape [C]. */
  readonly p1: Vector;
  /**
   * The extension's distribution, absent when main called the frame easy: shape [H] over the hard classes, or [H+1] when the
   * last says "not hard". Where that is the greatest, main's answer stands; else `mean`, `fusion` and `product` renormalise the others.
   */
  readonly p2?: Vector | undefined;
}

/** The edge's own answer. Its class is one of all C classes: the extension's index goes back through the dictionary. */
export function decide({
  p1: raw1,
  p2: raw2,
  rule,
  hardClasses,
  fusionWeight = 0.5,
  temperatures,
}: DecideInput): Decision {
  const p1 = tempered(raw1, temperatures?.main);
  const first = argmax(p1);
  const fromMain: Decision = { classIndex: first, confidence: p1[first]!, exit: "main" };
  if (raw2 === undefined || argmax(raw2) >= hardClasses.length) {
    return fromMain;
  }
  const p2 = tempered(raw2, temperatures?.extension);
  if (rule in joins) {
    return fromExtension(joins[rule as keyof typeof joins](p1, p2, hardClasses, fusionWeight), hardClasses);
  }
  const answer = fromExtension(p2, hardClasses);
  return rule === "confidence" && fromMain.confidence > answer.confidence ? fromMain : answer;
}

/**
 * The softmax of logits divided by a temperature, from their plain softmax: above 1 it is less certain, its order stays.
 *
 * @param probabilities - shape [C]
 * @param temperature - above 0; 1 changes nothing
 */
export function tempered(probabilities: Vector, temperature = 1): Vector {
  if (temperature === 1) {
    return probabilities;
  }
  const powers = Float64Array.from(probabilities, (p) => p ** (1 / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function fromExtension(distribution: Vector, hardClasses: readonly number[]): Decision {
  const compact = argmax(distribution);
  return { classIndex: hardClasses[compact]!, confidence: distribution[compact]!, exit: "extension" };
}

function meanOverHard(p1: Vector, p2: Vector, hardClasses: readonly number[]): Float64Array {
  const mass = hardMass(p1, hardClasses);
  const known = overHard(p2, hardClasses);
  return Float64Array.from(
    hardClasses,
    (classIndex, compact) => (p1[classIndex]! / mass + known[compact]!) / 2,
  );
}

/** The entries of the hard classes: the greatest of all is among them. */
function fused(p1: Vector, p2: Vector, hardClasses: readonly number[], weight: number): Float64Array {
  const mass = hardMass(p1, hardClasses);
  const known = overHard(p2, hardClasses);
  return Float64Array.from(
    hardClasses,
    (classIndex, compact) => (1 - weight) * p1[classIndex]! + weight * mass * known[compact]!,
  );
}

/** The entries of the hard classes. */
function multiplied(p1: Vector, p2: Vector, hardClasses: readonly number[], weight: number): Float64Array {
  const mass = hardMass(p1, hardClasses);
  const known = overHard(p2, hardClasses);
  const products = Float64Array.from(
    hardClasses,
    (classIndex, compact) => above0(p1[classIndex]!) ** (1 - weight) * above0(known[compact]!) ** weight,
  );
  const sum = products.reduce((total, value) => total + value, 0);
  return products.map((value) => (mass * value) / sum);
}

/** A probability that is 0 in 64 bits is unlikely beyond measure, not beyond number: else two sure answers leave nothing. */
function above0(p: number): number {
  return Math.max(p, 1e-300);
}

/** How two distributions become one over the hard classes. */
const joins = { mean: meanOverHard, fusion: fused, product: multiplied } as const;

function hardMass(p1: Vector, hardClasses: readonly number[]): number {
  return hardClasses.reduce((sum, classIndex) => sum + p1[classIndex]!, 0);
}

/** The extension's distribution given that the frame is hard. */
function overHard(p2: Vector, hardClasses: readonly number[]): Vector {
  if (p2.length === hardClasses.length) {
    return p2;
  }
  const others = 1 - p2[hardClasses.length]!;
  return Float64Array.from(hardClasses, (_, compact) => p2[compact]! / others);
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
