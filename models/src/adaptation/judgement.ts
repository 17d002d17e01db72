import type { AdaptationResult, Comparison } from "./task.ts";

/** What a candidate must be better by, and may be worse by, in accuracy from 0 to 1. */
export interface Margins {
  /** Fewest held-out items: by fewer, luck would decide. */
  readonly leastItems: number;
  /** On held-out items: better by more than this. */
  readonly gain: number;
  /**
   * Items won minus items lost must exceed this many standard deviations of a fair coin thrown for each: otherwise it may be luck.
   *
   * @see McNemar 1947, without the correction for continuity
   */
  readonly sigmas: number;
  /** On reference frames: not worse by more than this. */
  readonly loss: number;
}

/** Why a candidate does not go live; undefined when it does. */
export function objection(
  { heldOut, reference }: Pick<AdaptationResult, "heldOut" | "reference">,
  { leastItems, gain, sigmas, loss }: Margins,
): string | undefined {
  if (heldOut.items < leastItems) {
    return `only ${heldOut.items} items to judge it by, at least ${leastItems} are asked for`;
  }
  if (heldOut.candidate - heldOut.current <= gain) {
    return `on ${heldOut.items} held-out items ${change(heldOut)}, more than +${percent(gain)} points is asked for`;
  }
  const { won, lost } = heldOut;
  if (won - lost <= sigmas * Math.sqrt(won + lost)) {
    return `of ${heldOut.items} held-out items it won ${won} and lost ${lost}: that may be luck`;
  }
  if (reference !== null && reference.current - reference.candidate > loss) {
    return `on ${reference.items} reference frames ${change(reference)}, no more than -${percent(loss)} points is allowed`;
  }
  return undefined;
}

function change({ current, candidate }: Comparison): string {
  return `${percent(current)} % became ${percent(candidate)} %`;
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}
