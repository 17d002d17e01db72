import { requireCount } from "./source.ts";

/** Sum of many small numbers whose error does not grow with their count (Neumaier's compensated sum). */
class CompensatedSum {
  #sum = 0;
  #lost = 0;

  add(value: number): void {
    const next = this.#sum + value;
    this.#lost +=
      Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - next + value : value - next + this.#sum;
    this.#sum = next;
  }

  get value(): number {
    return this.#sum + this.#lost;
  }
}

/**
 * A node's counter of joules, charged item by item.
 *
 * What the node reports and what its verdicts add up to agree within 1e-12 relative: a node's `computeJ` is the sum of
 * its items' `mainJ + extensionJ`, its `uplinkJ` the sum of theirs. With a meter, {@link shareJ} cuts what a batch used
 * into its items first; joules between batches (idle, decoding) are charged to no item and stay out of the counter.
 */
export class EnergyLedger {
  readonly #compute = new CompensatedSum();
  readonly #uplink = new CompensatedSum();
  #items = 0;

  /** @throws {MeanetError} ENERGY_INPUT_INVALID; nothing is charged then */
  charge(item: { readonly mainJ: number; readonly extensionJ: number; readonly uplinkJ: number }): void {
    requireCount("mainJ", item.mainJ);
    requireCount("extensionJ", item.extensionJ);
    requireCount("uplinkJ", item.uplinkJ);
    this.#compute.add(item.mainJ);
    this.#compute.add(item.extensionJ);
    this.#uplink.add(item.uplinkJ);
    this.#items += 1;
  }

  get computeJ(): number {
    return this.#compute.value;
  }

  get uplinkJ(): number {
    return this.#uplink.value;
  }

  get items(): number {
    return this.#items;
  }
}

/**
 * Cuts the measured joules of a batch into its items, in proportion to their MACs.
 *
 * @param totalJ - joules of the batch
 * @param weights - one per item, ≥ 0, such as MACs; all 0 shares evenly
 * @returns one figure per item; their sum is `totalJ` up to rounding
 * @throws {MeanetError} ENERGY_INPUT_INVALID
 */
export function shareJ(totalJ: number, weights: readonly number[]): number[] {
  requireCount("totalJ", totalJ);
  const sum = weights.reduce((total, weight) => total + requireCount("weight", weight), 0);
  return weights.map((weight) => totalJ * (sum === 0 ? 1 / weights.length : weight / sum));
}
