/**
 * The trainings of a learner, one at a time: from the store to a bundle that has passed judgement.
 *
 *     store ─ items that memory allows ─ adaptation (its own thread) ─ judgement ┬ refused
 *                                          waits while frames wait               └ accepted ─ written ─ goes live
 */
import type { ComputeMeter } from "@meanet/energy";
import {
  type Adaptation,
  type AdaptationStep,
  learnableExtension,
  loadBundle,
  objection,
  startAdaptation,
} from "@meanet/models";
import type { Training } from "@meanet/protocol";
import { isMeanetError, reasonOf } from "@meanet/runtime";
import type { ActiveBundle } from "../active-bundle.ts";
import type { LearningConfig } from "../config.ts";
import type { Faults } from "../faults.ts";
import type { HardClasses } from "../hard-classes/hard-classes.ts";
import type { ItemAccess } from "../items/item-access.ts";
import { takeItems } from "../items/item-choice.ts";
import type { LearningEvent } from "../learning-event.ts";
import { LatencySample } from "./latency-sample.ts";
import { StepMeter } from "./step-meter.ts";

type Trigger = Extract<Training, { event: "started" }>["trigger"];

export interface TrainerOptions {
  /** Name and version of the original bundle. */
  readonly base: string;
  readonly node: string;
  readonly config: LearningConfig;
  readonly active: ActiveBundle;
  readonly items: ItemAccess;
  readonly hardClasses: Pick<HardClasses, "dictionary" | "names">;
  readonly meter: ComputeMeter;
  /** Puts a bundle that was written in force. @param hardClasses - those of its extension */
  readonly goLive: (version: string, hardClasses: readonly number[]) => Promise<void>;
  readonly counts: { trainings: number; accepted: number; refused: number };
  readonly tell: (event: LearningEvent) => void;
  /** A training failed. @param forGood - the next one will, too */
  readonly onFail: (reason: string, forGood: boolean) => void;
  readonly faults: Faults;
  /** {@link Trainer.progress} has changed. */
  readonly onChange: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class Trainer {
  readonly #options: TrainerOptions;
  #adaptation: Adaptation | undefined;
  /** Latencies of frames that were answered while it trained. */
  #beside: LatencySample | undefined;
  #work: Promise<void> | undefined;
  #progress = "idle";
  #busy = false;
  #closed = false;

  constructor(options: TrainerOptions) {
    this.#options = options;
  }

  /** For people. */
  get progress(): string {
    return this.#progress;
  }

  get isTraining(): boolean {
    return this.#work !== undefined;
  }

  /** Begins a training, unless one is under way. */
  begin(trigger: Trigger): void {
    if (this.#work !== undefined || this.#closed) return;
    this.#work = this.#train(trigger)
      .catch((error: unknown) => {
        if (this.#closed) return;
        this.#options.onFail(reasonOf(error), isMeanetError(error, "LEARNING_UNSUPPORTED"));
      })
      .finally(() => {
        this.#work = undefined;
        this.#show("idle");
      });
  }

  /** A frame was answered. */
  answered(latencyMs: number): void {
    this.#beside?.observe(latencyMs);
  }

  /** Frames that wait or work; a training gives way to them. */
  setLoad(frames: number): void {
    const { yieldAt } = this.#options.config.training;
    // It goes on at half as many: hysteresis, so that it does not flicker at the limit.
    const busy = this.#busy ? frames > yieldAt / 2 : frames >= yieldAt;
    if (busy === this.#busy) return;
    this.#busy = busy;
    if (busy) this.#adaptation?.pause();
    else this.#adaptation?.resume();
  }

  /** Resolves when no training is under way. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** Ends the training under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#adaptation?.stop();
    await this.#work;
  }

  async #train(trigger: Trigger): Promise<void> {
    const { config, base, node, active, items, counts, tell, goLive, faults, now } = this.#options;
    const run = await this.#next(trigger);
    if (run === undefined) return;
    counts.trainings += 1;
    const bundle = await loadBundle(active.active);
    learnableExtension(bundle);
    const hardClasses = this.#options.hardClasses.dictionary;
    const { taken, stored } = takeItems(items.open(), bundle, hardClasses, config);
    const { epochs, rate, batch, replay, statistics, seed, maxTime, maxMemory } = config.training;
    tell({
      event: "started",
      trigger,
      items: taken.labels.length,
      stored,
      heldOut: taken.heldOut.filter((heldOut) => heldOut).length,
      epochs,
      hardClasses: this.#options.hardClasses.names(hardClasses),
    });
    this.#show(`training ${run}`);
    const energy = new StepMeter(this.#options.meter);
    const beside = new LatencySample();
    const latency = () => (beside.p99Ms === undefined ? {} : { latencyP99Ms: beside.p99Ms });
    this.#beside = beside;
    const observe = (step: AdaptationStep): void => {
      if (step.kind === "waiting") {
        this.#show(`training ${run}: waits for frames in service`);
        return;
      }
      const energyJ = energy.observe(step);
      if (step.kind !== "epoch") return;
      const { kind: _, ...figures } = step;
      tell({ event: "epoch", ...figures, ...latency(), energyJ });
      this.#show(`training ${run}: epoch ${step.epoch} of ${step.epochs}`);
    };
    const adaptation = startAdaptation(
      {
        bundle,
        hardClasses,
        items: taken,
        recipe: { epochs, learningRate: rate, batch, replay, statistics, seed: seed + run },
        maxComputeMs: maxTime,
        maxBytes: maxMemory,
      },
      (step) => faults.guard("step", () => observe(step)),
    );
    this.#adaptation = adaptation;
    // Either may have happened before there was an adaptation.
    if (this.#busy) adaptation.pause();
    if (this.#closed) adaptation.stop();
    const result = await adaptation.result.finally(() => {
      this.#adaptation = undefined;
      this.#beside = undefined;
    });
    const { heldOut, reference } = result;
    const told = { figures: { heldOut, reference }, ...latency(), energyJ: energy.end() };
    const reason = objection(result, config.margins);
    if (reason !== undefined) {
      counts.refused += 1;
      tell({ event: "refused", reason, ...told });
      return;
    }
    counts.accepted += 1;
    tell({ event: "accepted", ...told });
    const learned = taken.labels.length - heldOut.items;
    const made = { base, node, hardClasses, items: learned, at: new Date(now()) };
    await goLive(await active.write(bundle, result, made), hardClasses);
  }

  /**
   * The number of the training that begins.
   *
   * @returns undefined when it cannot be recorded and nobody asked for it: it is due again with every item and every tick
   */
  async #next(trigger: Trigger): Promise<number | undefined> {
    const { active, items, faults } = this.#options;
    try {
      // Whatever becomes of this training, the next one is due by new items.
      items.open().markSeen();
      const run = active.pointer.run + 1;
      await active.point({ run });
      faults.over("training");
      return run;
    } catch (error) {
      if (trigger === "asked") throw error;
      faults.report("training", error);
      return undefined;
    }
  }

  #show(progress: string): void {
    this.#progress = progress;
    this.#options.onChange();
  }
}
