import type { LearningConfig } from "../config.ts";

/** How many labelled frames decide, and by what margin. */
export type TrialLimits = Pick<LearningConfig["rollback"], "items" | "leastItems" | "margin">;

/** How two extensions did on the same labelled frames. */
export interface TrialFigures {
  readonly items: number;
  /** Share of wrong answers of the previous extension, by labels and cloud. */
  readonly before: number;
  /** The same of the one on trial. */
  readonly after: number;
}

export type TrialState = "open" | "passed" | "failed";

/** Whether each extension was right about one frame. */
export interface Rights {
  readonly before: boolean;
  readonly after: boolean;
}

/**
 * The score of an extension that just went live, against its predecessor: both answer every labelled frame, so that a harder hour of
 * the site counts against neither.
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

  get state(): TrialState {
    if (this.#items === 0) return "open";
    const { items, leastItems, margin } = this.#config;
    const worse = (this.#wrongAfter - this.#wrongBefore) / this.#items;
    if (this.#items >= Math.min(leastItems, items) && worse > margin) return "failed";
    return this.#items >= items ? "passed" : "open";
  }

  /** One more frame. */
  observe(rights: Rights): TrialState {
    this.#count(rights, 1);
    return this.state;
  }

  /** The same frame by a better label: it still counts once. */
  revise(was: Rights, is: Rights): TrialState {
    this.#count(was, -1);
    this.#count(is, 1);
    return this.state;
  }

  #count({ before, after }: Rights, by: number): void {
    this.#items += by;
    this.#wrongBefore += before ? 0 : by;
    this.#wrongAfter += after ? 0 : by;
  }
}
