import { AccuracyNear, type Near, type Sample } from "./accuracy-near.ts";
import { type AnsweredFrame, type Answerer, type Judge, mainOnHard, type Way } from "./frame-ways.ts";

/** How often each exit is right about frames of an entropy, from the judged ones. */
export class Estimates {
  readonly #near: Readonly<Record<Answerer, AccuracyNear>>;
  /** Main's answers to frames of classes that it calls hard. */
  readonly #mainOnHard: AccuracyNear;
  /** What the extension adds to main's accuracy, where both are judged. */
  readonly #gain: number;

  constructor(
    ways: readonly { readonly frame: AnsweredFrame; readonly stays: Way; readonly goes: Way }[],
    judge: Judge,
  ) {
    const samples: Record<Answerer, Sample[]> = { main: [], extension: [], edge: [], cloud: [] };
    const onHard: Sample[] = [];
    const gains: number[] = [];
    for (const { frame, stays, goes } of ways) {
      const { entropy } = frame;
      for (const { answerer, right } of [stays, goes]) {
        if (right !== null) samples[answerer].push({ entropy, right });
      }
      const main = mainOnHard(frame, judge) ?? null;
      if (main === null) continue;
      onHard.push({ entropy, right: main });
      if (stays.answerer === "extension" && stays.right !== null) gains.push(stays.right - main);
    }
    const { main, extension, cloud } = samples;
    this.#near = {
      main: new AccuracyNear(main),
      extension: new AccuracyNear(extension),
      edge: new AccuracyNear([...main, ...extension]),
      cloud: new AccuracyNear(cloud),
    };
    this.#mainOnHard = new AccuracyNear(onHard);
    this.#gain = gains.reduce((sum, gain) => sum + gain, 0) / Math.max(1, gains.length);
  }

  /** Undefined when too few are judged. */
  at(answerer: Answerer, entropy: number): Near | undefined {
    const own = this.#near[answerer].at(entropy);
    if (answerer !== "extension" || own?.outside !== true) return own;
    // The extension is never asked above T, and frames there are harder than any that it answered; main answered them too.
    const main = this.#mainOnHard.at(entropy);
    if (main === undefined) return own;
    return { accuracy: Math.min(1, Math.max(0, main.accuracy + this.#gain)), outside: true };
  }
}
