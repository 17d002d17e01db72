import type { LearningConfig } from "./config.ts";

/** How many labelled frames decide, and by what. */
export type TrialLimits = Pick<LearningConfig["rollback"], "items" | "leastItems" | "margin">;

/** How two extensions did on the same labelled frames. */
export interface TrialFigures {
  readonly items: number;
  /** Share of answers that labels or cloud called wrong, of the extension that was in force before. */
  readonly before: number;
  /** And of the one on trial. */
  readonly after: number;
}

export type TrialState = "open" | "passed" | "failed";

/**
 * The trial of an extension that just went live: both answer every labelled frame, so that a harder hour of the site counts against
 * neither.
 */
export class Trial {
  readonly #config: TrialLimits;
  #items = 0;
  #wrongBefore = 0;
  #wrongAfter = 0;

  constructor(config: TrialLimits) {
    this.#config = config;
  }

  get figures(): TrialFigures {
    const items = Math.max(1, this.#items);
    return { items: this.#items, before: this.#wrongBefore / items, after: this.#wrongAfter / items };
  }

  /** Whether each of them was right about one frame. */
  observe(before: boolean, after: boolean): TrialState {
    this.#items += 1;
    this.#wrongBefore += before ? 0 : 1;
    this.#wrongAfter += after ? 0 : 1;
    const { items, leastItems, margin } = this.#config;
    const worse = (this.#wrongAfter - this.#wrongBefore) / this.#items;
    if (this.#items >= Math.min(leastItems, items) && worse > margin) return "failed";
    return this.#items >= items ? "passed" : "open";
  }
}
