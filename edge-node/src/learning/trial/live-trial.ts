import type { ComputeMeter } from "@meanet/energy";
import { type Engine, openEngine, stack } from "@meanet/inference";
import { type Bundle, calledHard, decide, decisionOf, inputDims, softmax } from "@meanet/models";
import type { LabelSource } from "@meanet/protocol";
import type { ServedModel } from "../../model/served-model.ts";
import type { KeptFrame } from "../items/frame-memory.ts";
import { type Rights, Trial, type TrialFigures, type TrialLimits } from "./trial.ts";

export interface LiveTrialOptions {
  /** The predecessor of the one in force. */
  readonly bundle: Bundle;
  readonly current: () => ServedModel;
  readonly meter: ComputeMeter;
  readonly config: TrialLimits;
  readonly onEnd: (passed: boolean, figures: TrialFigures, energyJ: number) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Labelled frames that may wait for the two extensions; more are left out of the trial. */
const WAITING = 64;

/** A frame that the trial has taken up. */
interface Witnessed {
  truth: number;
  /** Where the class comes from. */
  source: LabelSource;
  /** What both extensions answer; undefined until they have. */
  answers: { readonly before: number; readonly after: number } | undefined;
}

/** The extension in force and its predecessor both answer the labelled frames until the trial is decided. */
export class LiveTrial {
  readonly #options: LiveTrialOptions;
  readonly #engine: Engine;
  readonly #trial: Trial;
  /** Kept for as long as a label may come: until the memory of frames drops the frame. */
  readonly #witnessed = new WeakMap<KeptFrame, Witnessed>();
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;
  #energyJ = 0;
  #ended = false;

  private constructor(options: LiveTrialOptions, engine: Engine) {
    this.#options = options;
    this.#engine = engine;
    this.#trial = new Trial(options.config);
  }

  /** @throws {MeanetError} MODEL_INVALID */
  static async open(options: LiveTrialOptions): Promise<LiveTrial> {
    const { files, manifest } = options.bundle;
    const engine = await openEngine({
      name: `${manifest.name}/extension before`,
      model: files.extension,
      providers: ["cpu"],
      threads: 1,
    });
    return new LiveTrial(options, engine);
  }

  /** A frame has its class. One that has it from the cloud and then from a label counts once, by the label. */
  observe(frame: KeptFrame, truth: number, source: LabelSource): void {
    if (this.#ended) return;
    const known = this.#witnessed.get(frame);
    if (known !== undefined) {
      if (known.source === "cloud" && source === "label") this.#correct(known, truth);
      return;
    }
    if (this.#waiting >= WAITING) return;
    const witnessed: Witnessed = { truth, source, answers: undefined };
    this.#witnessed.set(frame, witnessed);
    this.#waiting += 1;
    this.#queue = this.#queue
      .then(() => this.#compare(frame, witnessed))
      .catch(this.#options.onError)
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Ends it with what it has seen, in favour of the extension in force. */
  async end(): Promise<void> {
    this.#queue = this.#queue.then(() => this.#conclude(true)).catch(this.#options.onError);
    await this.#queue;
  }

  /** What both did so far. */
  get figures(): TrialFigures {
    return this.#trial.figures;
  }

  /** Resolves when no frame is being compared. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#queue;
    await this.#engine.close();
  }

  async #compare(frame: KeptFrame, witnessed: Witnessed): Promise<void> {
    if (this.#ended) return;
    const before = await this.#answerBefore(frame);
    const after = await this.#answerNow(frame);
    witnessed.answers = { before, after };
    this.#trial.observe(rightsOf(witnessed.answers, witnessed.truth));
    await this.#decide();
  }

  /** A label corrects the class: answers that are there are judged again, others will be judged by the label. */
  #correct(witnessed: Witnessed, truth: number): void {
    const { answers, truth: told } = witnessed;
    witnessed.truth = truth;
    witnessed.source = "label";
    if (answers === undefined) return;
    const state = this.#trial.revise(rightsOf(answers, told), rightsOf(answers, truth));
    if (state === "open") return;
    // Frames that wait come first: they may change the result.
    this.#queue = this.#queue.then(() => this.#decide()).catch(this.#options.onError);
  }

  async #decide(): Promise<void> {
    const { state } = this.#trial;
    if (state !== "open") await this.#conclude(state === "passed");
  }

  async #conclude(passed: boolean): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#engine.close();
    await this.#options.onEnd(passed, this.#trial.figures, this.#energyJ);
  }

  async #answerBefore({ p1, tensor, features }: KeptFrame): Promise<number> {
    const { manifest } = this.#options.bundle;
    const decision = decisionOf(manifest);
    if (!calledHard(p1, manifest.hardClasses)) return decide({ p1, ...decision }).classIndex;
    const featureDims = this.#options.current().featureDims;
    const { outputs } = await this.#metered(() =>
      this.#engine.run({
        x: stack([tensor], inputDims(manifest.input)),
        F1: stack([features], featureDims),
      }),
    );
    const p2 = softmax(outputs.y2!.data as Float32Array);
    return decide({ p1, p2, ...decision }).classIndex;
  }

  async #answerNow({ p1, tensor, features }: KeptFrame): Promise<number> {
    const model = this.#options.current().retain();
    try {
      if (!model.callsHard(p1)) return model.decide(p1, undefined).classIndex;
      const { y2 } = await this.#metered(() => model.runExtension([tensor], [features]));
      return model.decide(p1, softmax(y2[0]!)).classIndex;
    } finally {
      model.release();
    }
  }

  async #metered<R>(run: () => Promise<R>): Promise<R> {
    const { meter, current } = this.#options;
    const end = meter.begin(current().macs.extension);
    try {
      return await run();
    } finally {
      this.#energyJ += end();
    }
  }
}

function rightsOf({ before, after }: NonNullable<Witnessed["answers"]>, truth: number): Rights {
  return { before: before === truth, after: after === truth };
}
