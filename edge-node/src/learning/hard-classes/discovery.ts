import type { LearningConfig } from "../config.ts";

/** Another set of hard classes, as class indices. */
export interface Proposal {
  readonly hardClasses: readonly number[];
  readonly becomeHard: readonly number[];
  readonly becomeEasy: readonly number[];
}

/** Of the labelled frames that main called one class: how many there are, and how many of them it called rightly. */
export interface ClassCounts {
  readonly class: number;
  readonly right: number;
  readonly total: number;
  /** The side it is not to be proposed for until so many more such frames have come. */
  readonly dismissed?: { readonly becomes: Side; readonly wait: number } | undefined;
}
type Side = "hard" | "easy";

/** Frames after which a class's counts are halved: a site changes, and old frames should weigh less. */
const MEMORY = 500;

/**
 * Which classes are hard at this site: those that main calls wrongly too often, by live labels. The measure is precision, indexed by what
 * main says, as when the dictionary was made. Between the two bounds a class stays on its side (hysteresis); and one whose change was
 * dismissed is proposed again only after as many more labelled frames as supported it then.
 */
export class Discovery {
  readonly #config: LearningConfig["discovery"];
  readonly #classes: Map<number, ClassCounts>;

  /** @param counts - of earlier frames */
  constructor(config: LearningConfig["discovery"], counts: readonly ClassCounts[] = []) {
    this.#config = config;
    this.#classes = new Map(counts.map((seen) => [seen.class, seen]));
  }

  /** Of each class that main has called, in the order in which it first did. */
  get counts(): readonly ClassCounts[] {
    return [...this.#classes.values()];
  }

  /** Classes whose change of sides is not proposed for now. */
  get dismissed(): readonly number[] {
    return this.counts.filter(({ dismissed }) => dismissed !== undefined).map((seen) => seen.class);
  }

  /** Main called a frame `predicted`; it is `truth`. @returns whether a dismissal has ended by it */
  observe(predicted: number, truth: number): boolean {
    const { right, total, dismissed } = this.#seen(predicted);
    // Halved, so that recent frames weigh more.
    const share = total + 1 > MEMORY ? 0.5 : 1;
    const ended = dismissed?.wait === 1;
    this.#classes.set(predicted, {
      class: predicted,
      right: (right + (predicted === truth ? 1 : 0)) * share,
      total: (total + 1) * share,
      dismissed: dismissed === undefined || ended ? undefined : { ...dismissed, wait: dismissed.wait - 1 },
    });
    return ended;
  }

  /** In [0, 1]; undefined while too few frames were labelled. */
  precision(classIndex: number): number | undefined {
    const { right, total } = this.#seen(classIndex);
    return total < this.#config.leastItems ? undefined : right / total;
  }

  /** What should change; undefined when nothing should. At least two classes stay hard. */
  propose(hardClasses: readonly number[], classes: number): Proposal | undefined {
    const { hardBelow, easyAbove } = this.#config;
    const all = Array.from({ length: classes }, (_, classIndex) => classIndex);
    const becomeHard = all.filter(
      (index) =>
        !hardClasses.includes(index) &&
        (this.precision(index) ?? 1) < hardBelow &&
        this.#seen(index).dismissed?.becomes !== "hard",
    );
    const eased = hardClasses.filter(
      (index) => (this.precision(index) ?? 0) > easyAbove && this.#seen(index).dismissed?.becomes !== "easy",
    );
    const spare = hardClasses.length + becomeHard.length - 2;
    const becomeEasy = eased
      .toSorted((a, b) => this.precision(b)! - this.precision(a)!)
      .slice(0, Math.max(0, spare));
    if (becomeHard.length === 0 && becomeEasy.length === 0) return undefined;
    const kept = hardClasses.filter((index) => !becomeEasy.includes(index));
    return { hardClasses: [...kept, ...becomeHard], becomeHard, becomeEasy };
  }

  /** Proposes none of these changes again for now. @returns how many more labelled frames each of the classes waits for */
  dismiss({ becomeHard, becomeEasy }: Proposal): ReadonlyMap<number, number> {
    const dismiss = (becomes: Side) => (index: number) => {
      const seen = this.#seen(index);
      const wait = Math.max(this.#config.leastItems, Math.ceil(seen.total));
      this.#classes.set(index, { ...seen, dismissed: { becomes, wait } });
      return [index, wait] as const;
    };
    return new Map([...becomeHard.map(dismiss("hard")), ...becomeEasy.map(dismiss("easy"))]);
  }

  #seen(classIndex: number): ClassCounts {
    return this.#classes.get(classIndex) ?? { class: classIndex, right: 0, total: 0 };
  }
}
