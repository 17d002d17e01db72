/**
 * An edge node that learns from what it meets, for one bundle:
 *
 *     answered frame ─┐                                                      ┌ refused
 *     label or cloud ─┴ join ─ store ─ trigger ─ training ─ judgement ───────┤
 *                         │                (its own thread)                  └ accepted ─ swap ─ trial ┬ passed
 *                         └ discovery of hard classes                                                  └ rolled back
 *
 * Nothing here holds up a frame: joining is a look into a map, all else runs beside the pipeline. Every step is told, with its joules.
 */
import type { ComputeMeter } from "@meanet/energy";
import { type Adaptation, learnableExtension, loadBundle, objection, startAdaptation } from "@meanet/models";
import type { LabelSource, Training } from "@meanet/protocol";
import { isMeanetError, type Logger } from "@meanet/runtime";
import type { ServedModel } from "../served-model.ts";
import { ActiveBundle } from "./active-bundle.ts";
import { Collector } from "./collector.ts";
import type { LearningConfig } from "./config.ts";
import type { KeptFrame } from "./frame-memory.ts";
import { HardClasses } from "./hard-classes.ts";
import { takeItems } from "./item-choice.ts";
import type { ItemStore } from "./item-store.ts";
import { LatencySample } from "./latency-sample.ts";
import { Probation } from "./probation.ts";
import { StepMeter } from "./step-meter.ts";
import { collected, type Told } from "./told.ts";
import { dueTrigger } from "./triggers.ts";

/** What became of trainings, since the start of the process. */
export interface LearnerCounts {
  trainings: number;
  accepted: number;
  refused: number;
  rolledBack: number;
  failed: number;
}

export interface LearnerOptions {
  /** Of this node and this bundle. */
  readonly folder: string;
  /** Folder of the bundle that came. */
  readonly baseFolder: string;
  /** Its name and version. */
  readonly base: string;
  readonly node: string;
  readonly config: LearningConfig;
  readonly enabled: () => boolean;
  /** The bundle in force. */
  readonly current: () => ServedModel;
  /** Puts a bundle in force between two batches; the one before stays when it rejects. */
  readonly swap: (folder: string) => Promise<unknown>;
  readonly meter: ComputeMeter;
  readonly publish: (training: Training) => void;
  /** What the settings say of it may have changed. */
  readonly onChange: () => void;
  readonly counts: LearnerCounts;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

export class Learner {
  readonly #options: LearnerOptions;
  readonly #active: ActiveBundle;
  readonly #collector: Collector;
  readonly #hardClasses: HardClasses;
  readonly #probation: Probation;
  #adaptation: Adaptation | undefined;
  /** Of frames that were answered beside the training. */
  #beside: LatencySample | undefined;
  #work: Promise<void> | undefined;
  #recalling: Promise<void> | undefined;
  #progress = "idle";
  #busy = false;
  #closed = false;

  private constructor(options: LearnerOptions, active: ActiveBundle) {
    this.#options = options;
    this.#active = active;
    const { folder, config, current, swap, meter, onChange, counts, now, log } = options;
    this.#probation = new Probation({
      active,
      config: config.rollback,
      current,
      swap,
      meter,
      tell: (told) => this.#tell(told),
      onFail: (error) => this.#fail(reasonOf(error)),
      onChange,
      onRolledBack: () => {
        counts.rolledBack += 1;
      },
      now,
      log,
    });
    this.#hardClasses = new HardClasses({
      folder,
      config: config.discovery,
      active,
      current,
      tell: (told) => this.#tell(told),
      onChange,
      onAgreed: () => this.#collector.dropOthers(),
      onFail: (error) => this.#fail(reasonOf(error)),
      log,
    });
    this.#collector = new Collector({
      folder,
      config,
      current,
      dictionary: () => this.#hardClasses.dictionary,
      onClass: (frame, classIndex, source) => this.#probation.observe(frame, classIndex, source),
      onLabel: (frame, classIndex) => this.#hardClasses.observe(frame, classIndex),
      onItem: (items) => this.#collected(items),
      now,
    });
  }

  /** Finds what this node has learned before. */
  static async open(options: LearnerOptions): Promise<Learner> {
    const active = new ActiveBundle(options.folder, options.baseFolder);
    await active.open((error) => {
      options.log.error(
        { err: error },
        "what was learned before cannot be found: the bundle that came serves",
      );
    });
    return new Learner(options, active);
  }

  get base(): string {
    return this.#options.base;
  }

  /** Folder of the bundle that should be in force. */
  get folder(): string {
    return this.#active.active;
  }

  /** The bundle of {@link folder} cannot serve: back to the one that came. */
  async giveUp(reason: string): Promise<void> {
    this.#fail(reason);
    await this.#active.point({ active: null, onTrial: null });
  }

  /** The bundle of {@link folder} serves: what was proposed still is, and a trial that a restart cut short goes on. */
  async begin(): Promise<void> {
    this.#hardClasses.begin();
    await this.#probation.open().catch((error: unknown) => this.#fail(reasonOf(error)));
    this.#probation.tick();
    this.recall();
  }

  /** Learning is on: what was collected before counts, and grows older. A training that is due begins with the next tick. */
  recall(): void {
    if (!this.#options.enabled()) return;
    this.#recalling ??= this.#collector
      .recall(() => !this.#closed && this.#options.enabled())
      .then((items) => {
        if (items !== undefined && items.classes.length > 0) this.#tellCollected(items);
      })
      .catch((error: unknown) => this.#fail(reasonOf(error)))
      .finally(() => {
        this.#recalling = undefined;
      });
  }

  /** For `state/train`. */
  get progress(): string {
    return this.#probation.isOpen && this.#work === undefined ? "on trial" : this.#progress;
  }

  /** For `state/hard-classes`. */
  get hardClasses(): string {
    return this.#hardClasses.text;
  }

  get items(): Readonly<Record<LabelSource, number>> {
    return this.#collector.items?.counts ?? { label: 0, cloud: 0 };
  }

  /**
   * A frame was answered, by the edge or by the cloud.
   *
   * @param teacher - the cloud's class and its probability, when it answered
   */
  observe(
    frame: KeptFrame,
    teacher: { readonly classIndex: number; readonly probability: number } | undefined,
  ): void {
    if (this.#closed || !this.#options.enabled() || frame.model.base !== this.base) return;
    this.#collector.observe(frame, teacher);
  }

  /** A frame was answered, of whatever bundle. */
  answered(latencyMs: number): void {
    this.#beside?.observe(latencyMs);
  }

  /** Someone told the true class of a frame. */
  label(device: string, id: string, label: string | number): void {
    if (!this.#closed && this.#options.enabled()) this.#collector.label(device, id, label);
  }

  /** Frames that wait or work: training gives way to them. */
  setLoad(frames: number): void {
    const { yieldAt } = this.#options.config.training;
    // Half as many before it goes on: no to and fro at the edge of it.
    const busy = this.#busy ? frames > yieldAt / 2 : frames >= yieldAt;
    if (busy === this.#busy) return;
    this.#busy = busy;
    if (busy) this.#adaptation?.pause();
    else this.#adaptation?.resume();
  }

  /** Looks whether the age of what waits asks for a training, and that of a trial for its end: also where no label comes any more. */
  tick(): void {
    this.#probation.tick();
    const { items } = this.#collector;
    if (!this.#options.enabled() || items === undefined) return;
    const due = dueTrigger(items.fresh, this.#options.config.trigger, this.#options.now());
    if (due !== undefined) this.#train(due);
  }

  /** Begins a training now. @returns why not; undefined when it began */
  trainNow(): string | undefined {
    if (!this.#options.enabled()) return "learning is off";
    if (this.#work !== undefined) return "a training is under way";
    if (this.#probation.isOpen) return `the last extension is still on trial: ${this.#probation.missing}`;
    this.#train("asked");
    return undefined;
  }

  /** Agrees to the hard classes that are proposed. @returns false when none are */
  accept(by: "operator" | "policy"): Promise<boolean> {
    return this.#hardClasses.accept(by);
  }

  /** Gives up what is proposed, until new labels speak for it. @returns false when nothing is */
  dismiss(): boolean {
    return this.#hardClasses.dismiss();
  }

  /** Resolves when no store is being opened, and no training and no swap is under way. */
  async idle(): Promise<void> {
    await this.#recalling;
    await this.#work;
    await this.#probation.idle();
  }

  async close(): Promise<void> {
    this.#closed = true;
    // At once: the next learner of the same bundle reads it with its first label.
    this.#hardClasses.close();
    this.#adaptation?.stop();
    await this.#recalling;
    await this.#work;
    await this.#probation.close();
    this.#collector.close();
  }

  #collected(items: ItemStore): void {
    // Told at every tenth of the way to a training.
    const tenth = Math.max(1, Math.floor(this.#options.config.trigger.items / 10));
    if (items.fresh.items % tenth === 0) this.#tellCollected(items);
    this.tick();
  }

  #tellCollected(items: ItemStore): void {
    this.#tell(collected(items, this.#options.current().classes));
  }

  #train(trigger: "items" | "age" | "asked"): void {
    if (this.#work !== undefined || this.#probation.isOpen || this.#closed) return;
    this.#work = this.#trainNow(trigger)
      .catch((error: unknown) => {
        if (!this.#closed) this.#fail(reasonOf(error), isMeanetError(error, "LEARNING_UNSUPPORTED"));
      })
      .finally(() => {
        this.#work = undefined;
        this.#progress = "idle";
        this.#options.onChange();
      });
  }

  async #trainNow(trigger: "items" | "age" | "asked"): Promise<void> {
    const { config, counts, node, base } = this.#options;
    const items = this.#collector.openItems();
    // Whatever becomes of this training, the next one wants new items.
    items.markSeen();
    const run = this.#active.pointer.run + 1;
    await this.#active.point({ run });
    counts.trainings += 1;
    const bundle = await loadBundle(this.folder);
    learnableExtension(bundle);
    const { epochs, rate, batch, replay, statistics, seed, maxTime, maxMemory } = config.training;
    const hardClasses = this.#hardClasses.dictionary;
    const { taken, stored } = takeItems(items, bundle, hardClasses, config);
    this.#tell({
      event: "started",
      trigger,
      items: taken.labels.length,
      stored,
      heldOut: taken.heldOut.filter((heldOut) => heldOut).length,
      epochs,
      hardClasses: this.#hardClasses.names(hardClasses),
    });
    this.#show(`training ${run}`);
    const energy = new StepMeter(this.#options.meter);
    const beside = new LatencySample();
    const latency = () => (beside.p99Ms === undefined ? {} : { latencyP99Ms: beside.p99Ms });
    this.#beside = beside;
    const adaptation = startAdaptation(
      {
        bundle,
        hardClasses,
        items: taken,
        recipe: { epochs, learningRate: rate, batch, replay, statistics, seed: seed + run },
        maxComputeMs: maxTime,
        maxBytes: maxMemory,
      },
      (step) => {
        if (step.kind === "waiting") {
          this.#show(`training ${run}: waits for frames in service`);
          return;
        }
        const energyJ = energy.observe(step);
        if (step.kind !== "epoch") return;
        const { kind: _, ...figures } = step;
        this.#tell({ event: "epoch", ...figures, ...latency(), energyJ });
        this.#show(`training ${run}: epoch ${step.epoch} of ${step.epochs}`);
      },
    );
    this.#adaptation = adaptation;
    if (this.#busy) adaptation.pause();
    const result = await adaptation.result.finally(() => {
      this.#adaptation = undefined;
      this.#beside = undefined;
    });
    const { heldOut, reference } = result;
    const told = { figures: { heldOut, reference }, ...latency(), energyJ: energy.end() };
    const reason = objection(result, config.margins);
    if (reason !== undefined) {
      counts.refused += 1;
      this.#tell({ event: "refused", reason, ...told });
      return;
    }
    counts.accepted += 1;
    this.#tell({ event: "accepted", ...told });
    const learned = taken.labels.length - heldOut.items;
    const made = { base, node, hardClasses, items: learned, at: new Date(this.#options.now()) };
    await this.#goLive(await this.#active.write(bundle, result, made), hardClasses);
  }

  /** The pointer comes last: a kill before it leaves the bundle that served until then. */
  async #goLive(version: string, hardClasses: readonly number[]): Promise<void> {
    if (this.#closed) return;
    const { current, swap, now } = this.#options;
    const before = this.#active.pointer.active;
    const { name } = current();
    await swap(this.#active.folderOf(version));
    const { agreed } = this.#active.pointer;
    const met = agreed !== null && agreed.join() === hardClasses.join();
    const onTrial = { before, since: now() };
    await this.#active.point({ active: version, onTrial, ...(met ? { agreed: null } : {}) });
    this.#tell({ event: "swapped", before: name });
    await this.#probation.open();
  }

  #fail(reason: string, forGood = false): void {
    this.#options.counts.failed += 1;
    this.#options.log[forGood ? "error" : "warn"]({ reason }, "a step of learning failed");
    this.#tell({ event: "failed", reason: reason.slice(0, 512) });
  }

  #show(progress: string): void {
    this.#progress = progress;
    this.#options.onChange();
  }

  #tell(told: Told): void {
    const { now, current, publish } = this.#options;
    const { run } = this.#active.pointer;
    publish({ at: now(), model: current().name, run, energyJ: 0, ...told } as Training);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
