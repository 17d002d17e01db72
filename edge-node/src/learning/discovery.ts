import type { LearningConfig } from "./config.ts";

/** Another set of hard classes, as class indices. */
export interface Proposal {
  readonly hardClasses: readonly number[];
  readonly becomeHard: readonly number[];
  readonly becomeEasy: readonly number[];
}

interface Precision {
  right: number;
  total: number;
}

/** Frames of the past that a class's precision forgets half of: a site changes. */
const MEMORY = 500;

/**
 * Which classes are hard here: those that main's answers get wrong too often, by live labels. Precision, indexed by what main says, as
 * where the dictionary was made. A class changes sides only past the far end of the gap between both bounds.
 */
export class Discovery {
  readonly #config: LearningConfig["discovery"];
  readonly #classes = new Map<number, Precision>();

  constructor(config: LearningConfig["discovery"]) {
    this.#config = config;
  }

  /** Main called a frame `predicted`; it is `truth`. */
  observe(predicted: number, truth: number): void {
    const seen = this.#classes.get(predicted) ?? { right: 0, total: 0 };
    this.#classes.set(predicted, seen);
    seen.right += predicted === truth ? 1 : 0;
    seen.total += 1;
    if (seen.total <= MEMORY) return;
    seen.right /= 2;
    seen.total /= 2;
  }

  /** In [0, 1]; undefined while too few frames were labelled. */
  precision(classIndex: number): number | undefined {
    const seen = this.#classes.get(classIndex);
    return seen === undefined || seen.total < this.#config.leastItems ? undefined : seen.right / seen.total;
  }

  /** What should change; undefined when nothing should. At least two classes stay hard. */
  propose(hardClasses: readonly number[], classes: number): Proposal | undefined {
    const { hardBelow, easyAbove } = this.#config;
    const all = Array.from({ length: classes }, (_, classIndex) => classIndex);
    const becomeHard = all.filter(
      (index) => !hardClasses.includes(index) && (this.precision(index) ?? 1) < hardBelow,
    );
    const eased = hardClasses.filter((index) => (this.precision(index) ?? 0) > easyAbove);
    const spare = hardClasses.length + becomeHard.length - 2;
    const becomeEasy = eased
      .toSorted((a, b) => this.precision(b)! - this.precision(a)!)
      .slice(0, Math.max(0, spare));
    if (becomeHard.length === 0 && becomeEasy.length === 0) return undefined;
    const kept = hardClasses.filter((index) => !becomeEasy.includes(index));
    return { hardClasses: [...kept, ...becomeHard], becomeHard, becomeEasy };
  }
}
