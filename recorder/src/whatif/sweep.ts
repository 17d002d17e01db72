import { firstIndex } from "../first-index.ts";
import { type Cost, Costs } from "./costs.ts";
import { Estimates } from "./estimates.ts";
import { type AnsweredFrame, type Judge, sent, staying, type Way } from "./frame-ways.ts";

/** What the recorded frames would have come to at one threshold. */
export interface WhatIfRow {
  /** Nats: a frame of more entropy is sent. */
  readonly threshold: number;
  /** Frames that are sent, and their share. */
  readonly sent: number;
  readonly sentShare: number;
  /** Share of the frames whose answer at this threshold is recorded. */
  readonly coverage: number;
  /** Of these, frames whose answer can be judged; and the share of right ones, null without any. */
  readonly judged: number;
  readonly accuracy: number | null;
  /**
   * An estimate of the accuracy over all frames: what is not recorded or not judged counts as often right as judged answers of the same
   * exit to frames of near entropy; beyond all that the exit was asked about, as often as main's errors there
   * and its own beside main's elsewhere make likely. Null when an exit has too few of them.
   */
  readonly estimatedAccuracy: number | null;
  /** Share of the frames whose part of the estimate is carried on from other entropies than were judged. */
  readonly extrapolated: number;
  /** Compute of the edge, upload, and the cloud beside them, joules of all frames; null when nothing recorded tells. */
  readonly edgeJ: number | null;
  readonly uplinkJ: number | null;
  readonly cloudJ: number | null;
  /** Edge and upload. */
  readonly jPerFrame: number | null;
  readonly uplinkBytes: number | null;
  /** Share of the frames whose joules and bytes are recorded; those of the others are means. */
  readonly costCoverage: number;
}

interface Prospect extends Way, Cost {
  readonly estimate: number | null;
  readonly outside: boolean;
}

/**
 * What each threshold would have come to, from what is recorded. About an answer that was not given nothing is inferred except what is
 * called an estimate.
 *
 * @param thresholds - nats
 */
export function sweep(
  frames: readonly AnsweredFrame[],
  thresholds: readonly number[],
  judge: Judge,
): WhatIfRow[] {
  const costs = new Costs(frames);
  const ways = frames.map((frame) => ({ frame, stays: staying(frame, judge), goes: sent(frame, judge) }));
  const estimates = new Estimates(ways, judge);
  const prospect = (way: Way, cost: Cost, entropy: number): Prospect => {
    const guess = way.right === null ? estimates.at(way.answerer, entropy) : undefined;
    return {
      ...way,
      ...cost,
      estimate: way.right ?? guess?.accuracy ?? null,
      outside: guess?.outside ?? false,
    };
  };
  const prospects = ways.map(({ frame, stays, goes }) => ({
    entropy: frame.entropy,
    stays: prospect(stays, costs.staying(frame), frame.entropy),
    goes: prospect(goes, costs.sent(frame), frame.entropy),
  }));
  // Each frame is added once, not once for each threshold: those up to it stay, those beyond are sent.
  prospects.sort((a, b) => a.entropy - b.entropy);
  const cuts = thresholds.map((threshold) =>
    firstIndex(prospects.length, (index) => prospects[index]!.entropy > threshold),
  );
  const ofStaying = sumsOfFirst(
    prospects.map(({ stays }) => stays),
    cuts,
    0,
  );
  const ofSent = sumsOfFirst(
    prospects.map(({ goes }) => goes).reverse(),
    cuts.map((cut) => prospects.length - cut),
    1,
  );
  return thresholds.map((threshold, index) => {
    const cut = cuts[index]!;
    return ofStaying
      .get(cut)!
      .plus(ofSent.get(prospects.length - cut)!)
      .row(threshold);
  });
}

/** Sums of the first n, for each n of `counts`. */
function sumsOfFirst(
  prospects: readonly Prospect[],
  counts: readonly number[],
  isSent: 0 | 1,
): Map<number, Sum> {
  const wanted = new Set(counts);
  const sums = new Map<number, Sum>();
  const sum = new Sum();
  for (let count = 0; count <= prospects.length; count++) {
    if (wanted.has(count)) sums.set(count, new Sum().plus(sum));
    if (count < prospects.length) sum.add(prospects[count]!, isSent);
  }
  return sums;
}

/** What is counted, and what is summed up: null as soon as one part is. */
class Sum {
  #frames = 0;
  #sent = 0;
  #known = 0;
  #judged = 0;
  #right = 0;
  #outside = 0;
  #recordedCosts = 0;
  #estimate: number | null = 0;
  #edgeJ: number | null = 0;
  #uplinkJ: number | null = 0;
  #cloudJ: number | null = 0;
  #bytes: number | null = 0;

  add(prospect: Prospect, isSent: 0 | 1): void {
    this.#frames += 1;
    this.#sent += isSent;
    this.#known += Number(prospect.known);
    this.#judged += Number(prospect.right !== null);
    this.#right += prospect.right ?? 0;
    this.#outside += Number(prospect.outside);
    this.#recordedCosts += Number(prospect.recorded);
    this.#estimate = total(this.#estimate, prospect.estimate);
    this.#edgeJ = total(this.#edgeJ, prospect.edgeJ);
    this.#uplinkJ = total(this.#uplinkJ, prospect.uplinkJ);
    this.#cloudJ = total(this.#cloudJ, prospect.cloudJ);
    this.#bytes = total(this.#bytes, prospect.uplinkBytes);
  }

  plus(other: Sum): Sum {
    const both = new Sum();
    both.#frames = this.#frames + other.#frames;
    both.#sent = this.#sent + other.#sent;
    both.#known = this.#known + other.#known;
    both.#judged = this.#judged + other.#judged;
    both.#right = this.#right + other.#right;
    both.#outside = this.#outside + other.#outside;
    both.#recordedCosts = this.#recordedCosts + other.#recordedCosts;
    both.#estimate = total(this.#estimate, other.#estimate);
    both.#edgeJ = total(this.#edgeJ, other.#edgeJ);
    both.#uplinkJ = total(this.#uplinkJ, other.#uplinkJ);
    both.#cloudJ = total(this.#cloudJ, other.#cloudJ);
    both.#bytes = total(this.#bytes, other.#bytes);
    return both;
  }

  row(threshold: number): WhatIfRow {
    const frames = this.#frames;
    const share = (count: number | null) => (count === null || frames === 0 ? null : count / frames);
    const [edgeJ, uplinkJ] = [this.#edgeJ, this.#uplinkJ];
    return {
      threshold,
      sent: this.#sent,
      sentShare: share(this.#sent) ?? 0,
      coverage: share(this.#known) ?? 0,
      judged: this.#judged,
      accuracy: this.#judged === 0 ? null : this.#right / this.#judged,
      estimatedAccuracy: share(this.#estimate),
      extrapolated: share(this.#outside) ?? 0,
      edgeJ,
      uplinkJ,
      cloudJ: this.#cloudJ,
      jPerFrame: share(edgeJ === null || uplinkJ === null ? null : edgeJ + uplinkJ),
      uplinkBytes: this.#bytes === null ? null : Math.round(this.#bytes),
      costCoverage: share(this.#recordedCosts) ?? 0,
    };
  }
}

function total(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
