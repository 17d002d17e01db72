import { AccuracyNear, type Near, type Sample } from "./accuracy-near.ts";
import {
  type AnsweredFrame,
  type Answerer,
  callsHard,
  type Judge,
  mainIsRight,
  type Way,
} from "./frame-ways.ts";

/** A judged answer to a frame, and whether main is right about it: null when nobody knows. */
interface Judged extends Sample {
  readonly main: number | null;
}

/**
 * How often each exit is right about frames of an entropy, from the judged ones.
 *
 * The cloud answers only frames above the threshold in force, the extension only those below, while estimates are needed on the other
 * side. Main is judged on both: an exit is assumed to make the same share of main's errors as where both are judged.
 */
export class Estimates {
  readonly #near: Readonly<Record<Answerer, AccuracyNear>>;
  readonly #beyond: Readonly<Partial<Record<Answerer, BesideMain>>>;

  constructor(
    ways: readonly { readonly frame: AnsweredFrame; readonly stays: Way; readonly goes: Way }[],
    judge: Judge,
  ) {
    const of: Record<Answerer, Judged[]> = { main: [], extension: [], edge: [], cloud: [] };
    const [main, mainOnHard]: [Sample[], Sample[]] = [[], []];
    for (const { frame, stays, goes } of ways) {
      const { entropy } = frame;
      const right = mainIsRight(frame, judge);
      for (const way of [stays, goes]) {
        if (way.right !== null) of[way.answerer].push({ entropy, right: way.right, main: right });
      }
      if (right === null) continue;
      main.push({ entropy, right });
      if (callsHard(frame)) mainOnHard.push({ entropy, right });
    }
    this.#near = {
      main: new AccuracyNear(of.main),
      extension: new AccuracyNear(of.extension),
      edge: new AccuracyNear([...of.main, ...of.extension]),
      cloud: new AccuracyNear(of.cloud),
    };
    this.#beyond = {
      extension: new BesideMain(of.extension, new AccuracyNear(mainOnHard)),
      cloud: new BesideMain(of.cloud, new AccuracyNear(main)),
    };
  }

  /** Undefined when too few are judged. */
  at(answerer: Answerer, entropy: number): Near | undefined {
    const own = this.#near[answerer].at(entropy);
    if (own?.outside !== true) return own;
    const accuracy = this.#beyond[answerer]?.at(entropy);
    return accuracy === undefined ? own : { accuracy, outside: true };
  }
}

/** An exit's accuracy from main's. */
class BesideMain {
  readonly #main: AccuracyNear;
  /** Its errors for each of main's; undefined when main makes none. */
  readonly #errors: number | undefined;

  /** @param main - on the kind of frames that the exit is asked about */
  constructor(judged: readonly Judged[], main: AccuracyNear) {
    this.#main = main;
    let [own, ofMain] = [0, 0];
    for (const one of judged) {
      if (one.main === null) continue;
      own += 1 - one.right;
      ofMain += 1 - one.main;
    }
    this.#errors = ofMain === 0 ? undefined : own / ofMain;
  }

  at(entropy: number): number | undefined {
    const main = this.#main.at(entropy);
    if (main === undefined || this.#errors === undefined) return undefined;
    return 1 - Math.min(1, this.#errors * (1 - main.accuracy));
  }
}
