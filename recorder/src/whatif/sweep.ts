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
 * What each threshold would have come to, from what is recorded; nothing is inferred about an answer that was not given but by
 * name: an estimate.
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
  return thresholds.map((threshold) => {
    const sum = new Sum();
    for (const { entropy, stays, goes } of prospects) {
      if (entropy > threshold) sum.add(goes, 1);
      else sum.add(stays, 0);
    }
    return sum.row(threshold);
  });
}

/** A sum that is null as soon as one part is. */
class Total {
  value: number | null = 0;

  add(value: number | null): void {
    this.value = this.value === null || value === null ? null : this.value + value;
  }
}

class Sum {
  #frames = 0;
  #sent = 0;
  #known = 0;
  #judged = 0;
  #right = 0;
  #outside = 0;
  #recordedCosts = 0;
  readonly #estimate = new Total();
  readonly #edgeJ = new Total();
  readonly #uplinkJ = new Total();
  readonly #cloudJ = new Total();
  readonly #bytes = new Total();

  add(prospect: Prospect, isSent: 0 | 1): void {
    this.#frames += 1;
    this.#sent += isSent;
    this.#known += Number(prospect.known);
    this.#judged += Number(prospect.right !== null);
    this.#right += prospect.right ?? 0;
    this.#outside += Number(prospect.outside);
    this.#recordedCosts += Number(prospect.recorded);
    this.#estimate.add(prospect.estimate);
    this.#edgeJ.add(prospect.edgeJ);
    this.#uplinkJ.add(prospect.uplinkJ);
    this.#cloudJ.add(prospect.cloudJ);
    this.#bytes.add(prospect.uplinkBytes);
  }

  row(threshold: number): WhatIfRow {
    const frames = this.#frames;
    const share = (count: number | null) => (count === null || frames === 0 ? null : count / frames);
    const [edgeJ, uplinkJ] = [this.#edgeJ.value, this.#uplinkJ.value];
    return {
      threshold,
      sent: this.#sent,
      sentShare: share(this.#sent) ?? 0,
      coverage: share(this.#known) ?? 0,
      judged: this.#judged,
      accuracy: this.#judged === 0 ? null : this.#right / this.#judged,
      estimatedAccuracy: share(this.#estimate.value),
      extrapolated: share(this.#outside) ?? 0,
      edgeJ,
      uplinkJ,
      cloudJ: this.#cloudJ.value,
      jPerFrame: share(edgeJ === null || uplinkJ === null ? null : edgeJ + uplinkJ),
      uplinkBytes: this.#bytes.value === null ? null : Math.round(this.#bytes.value),
      costCoverage: share(this.#recordedCosts) ?? 0,
    };
  }
}
