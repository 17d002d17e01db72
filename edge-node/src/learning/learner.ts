/**
 * An edge node that learns from what it meets, for one bundle:
 *
 *     answered frame ─┐                                                      ┌ refused
 *     label or cloud ─┴ join ─ store ─ trigger ─ training ─ judgement ───────┤
 *                         │                (its own thread)                  └ accepted ─ swap ─ trial ┬ passed
 *                         └ discovery of hard classes                                                  └ rolled back
 *
 * Nothing here delays a frame: joining is a lookup in a map, and all else runs beside the pipeline. Nothing here harms one either:
 * {@link Faults} reports what goes wrong and stops it there; only what a setting asks for throws to whoever asked. Every step is
 * published, with its joules.
 */
import type { ComputeMeter } from "@meanet/energy";
import type { LabelSource, Training } from "@meanet/protocol";
import { type Logger, reasonOf } from "@meanet/runtime";
import type { ServedModel } from "../model/served-model.ts";
import { ActiveBundle } from "./active-bundle.ts";
import type { LearningConfig } from "./config.ts";
import { Faults } from "./faults.ts";
import { HardClasses } from "./hard-classes/hard-classes.ts";
import { Collector } from "./items/collector.ts";
import type { KeptFrame } from "./items/frame-memory.ts";
import { collected, type LearningEvent } from "./learning-event.ts";
import { Trainer } from "./training/trainer.ts";
import { dueTrigger } from "./training/triggers.ts";
import { Probation } from "./trial/probation.ts";

/** Trainings by what became of them, since the start of the process. */
export interface LearnerCounts {
  trainings: number;
  accepted: number;
  refused: number;
  rolledBack: number;
  failed: number;
  /** Items that could not be stored. */
  lost: number;
}

export interface LearnerOptions {
  /** Where this node keeps what it learns for this bundle. */
  readonly folder: string;
  /** Folder of the original bundle. */
  readonly baseFolder: string;
  /** Its name and version. */
  readonly base: string;
  readonly node: string;
  readonly config: LearningConfig;
  readonly enabled: () => boolean;
  /** The bundle in force. */
  readonly current: () => ServedModel;
  /**
   * Puts a bundle in force between two batches. Its predecessor stays when this rejects, or gives false because the bundle was no longer
   * wanted once it was open.
   */
  readonly swap: (folder: string, isWanted: () => boolean) => Promise<boolean>;
  readonly meter: ComputeMeter;
  readonly publish: (training: Training) => void;
  /** The states of its settings may have changed. */
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
  readonly #trainer: Trainer;
  readonly #faults: Faults;
  /** Why nothing learned before was found; reported once a bundle serves. */
  #unfound: unknown;
  #recalling: Promise<void> | undefined;
  #closed = false;

  private constructor(options: LearnerOptions, active: ActiveBundle, unfound: unknown) {
    this.#options = options;
    this.#active = active;
    this.#unfound = unfound;
    const { folder, config, base, node, current, meter, counts, now, log } = options;
    const tell = (event: LearningEvent) => this.#tell(event);
    const faults = new Faults({ tell: (reason) => this.#tellFailed(reason), now, log });
    this.#faults = faults;
    const onChange = () => faults.guard("state", options.onChange);
    this.#probation = new Probation({
      active,
      config: config.rollback,
      current,
      swap: (bundle) => this.#swap(bundle),
      meter,
      tell,
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
      tell,
      onChange,
      onAgreed: () => {
        faults.over("hard classes");
        this.#collector.dropOthers();
      },
      onFail: (error) => faults.report("hard classes", error),
      log,
    });
    this.#collector = new Collector({
      folder,
      config,
      current,
      dictionary: () => this.#hardClasses.dictionary,
      onClass: (frame, classIndex, source) => this.#probation.observe(frame, classIndex, source),
      onLabel: (frame, classIndex) => this.#hardClasses.observe(frame, classIndex),
      onItem: () => this.#collected(),
      onLost: () => {
        counts.lost += 1;
      },
      faults,
      now,
    });
    this.#trainer = new Trainer({
      ...{ base, node, config, active, meter, counts, tell, faults, onChange, now },
      items: this.#collector.items,
      hardClasses: this.#hardClasses,
      goLive: (version, hardClasses) => this.#goLive(version, hardClasses),
      onFail: (reason, forGood) => this.#fail(reason, forGood),
    });
  }

  /** Finds what this node has learned so far. */
  static async open(options: LearnerOptions): Promise<Learner> {
    const active = new ActiveBundle(options.folder, options.baseFolder);
    let unfound: unknown;
    const onDamage = (error: unknown) => {
      unfound = error;
      options.log.error(
        { err: error },
        "what was learned before cannot be found: the bundle that came serves",
      );
    };
    await active.open(onDamage).catch(onDamage);
    return new Learner(options, active, unfound);
  }

  get base(): string {
    return this.#options.base;
  }

  /** Folder of the bundle that should be in force. */
  get folder(): string {
    return this.#active.active;
  }

  /** The bundle of {@link folder} cannot serve: back to the original. */
  async giveUp(reason: string): Promise<void> {
    this.#fail(reason);
    // If that cannot be written, the next start tries the bundle again and gives it up again.
    await this.#active
      .point({ active: null, onTrial: null })
      .catch((error: unknown) => this.#faults.report("load", error));
  }

  /** The bundle of {@link folder} serves: proposals are restored, and a trial that a restart cut short goes on. */
  async begin(): Promise<void> {
    if (this.#unfound !== undefined) this.#faults.report("load", this.#unfound);
    this.#unfound = undefined;
    this.#faults.guard("load", () => this.#hardClasses.begin());
    await this.#probation.open().catch((error: unknown) => this.#fail(reasonOf(error)));
    this.#faults.guard("load", () => this.#probation.tick());
    this.recall();
  }

  /** When learning is on, counts what was collected before. A training that is thereby due begins with the next tick. */
  recall(): void {
    if (!this.#options.enabled()) return;
    this.#recalling ??= this.#collector
      .recall(() => !this.#closed && this.#options.enabled())
      .then((opened) => {
        const { label, cloud } = this.items;
        if (opened && label + cloud > 0) this.#tellCollected();
      })
      .catch((error: unknown) => this.#faults.report("recall", error))
      .finally(() => {
        this.#recalling = undefined;
      });
  }

  /** For `state/train`. */
  get progress(): string {
    return this.#probation.isOpen && !this.#trainer.isTraining ? "on trial" : this.#trainer.progress;
  }

  /** For `state/hard-classes`. */
  get hardClasses(): string {
    return this.#hardClasses.text;
  }

  get items(): Readonly<Record<LabelSource, number>> {
    return this.#collector.items.counts;
  }

  /**
   * A frame was answered, by the edge or by the cloud. Never throws.
   *
   * @param teacher - the cloud's class and its probability, when it answered
   */
  observe(
    frame: KeptFrame,
    teacher: { readonly classIndex: number; readonly probability: number } | undefined,
  ): void {
    if (this.#closed || !this.#options.enabled() || frame.model.base !== this.base) return;
    this.#faults.guard("frame", () => this.#collector.observe(frame, teacher));
  }

  /** A frame was answered, by whichever bundle. */
  answered(latencyMs: number): void {
    this.#trainer.answered(latencyMs);
  }

  /** A label arrived: the true class of a frame. Never throws. */
  label(device: string, id: string, label: string | number): void {
    if (this.#closed || !this.#options.enabled()) return;
    this.#faults.guard("label", () => this.#collector.label(device, id, label));
  }

  /** Frames that wait or work; a training gives way to them. */
  setLoad(frames: number): void {
    this.#trainer.setLoad(frames);
  }

  /**
   * Begins what is due by time alone, with no label arriving any more: a training, the end of a trial, and another attempt at what
   * failed before. Never throws.
   */
  tick(): void {
    this.#faults.guard("tick", () => {
      this.#probation.tick();
      if (this.#closed || !this.#options.enabled()) return;
      this.#hardClasses.tick();
      if (this.#collector.items.isOpen) this.#trainWhenDue();
      else this.recall();
    });
  }

  /** Begins a training now. @returns why not; undefined when it began */
  trainNow(): string | undefined {
    if (!this.#options.enabled()) return "learning is off";
    if (this.#trainer.isTraining) return "a training is under way";
    if (this.#probation.isOpen) return `the last extension is still on trial: ${this.#probation.missing}`;
    this.#trainer.begin("asked");
    return undefined;
  }

  /** Accepts the proposed hard classes. @returns false when none are proposed */
  accept(by: "operator" | "policy"): Promise<boolean> {
    return this.#hardClasses.accept(by);
  }

  /** Dismisses the proposal until new labels support it. @returns false when there is none */
  dismiss(): boolean {
    return this.#hardClasses.dismiss();
  }

  /** Resolves when no store is being opened, and no training and no swap is under way. */
  async idle(): Promise<void> {
    await this.#recalling;
    await this.#trainer.idle();
    await this.#probation.idle();
  }

  async close(): Promise<void> {
    this.#closed = true;
    // First: the next learner of the same bundle reads its file with the first label.
    this.#hardClasses.close();
    await Promise.all([this.#recalling, this.#trainer.close()]);
    await this.#probation.close();
    this.#collector.close();
  }

  #collected(): void {
    // Published at every tenth of the way to a training.
    const tenth = Math.max(1, Math.floor(this.#options.config.trigger.items / 10));
    const { items } = this.#collector;
    const fresh = items.read((store) => store.fresh.items);
    if (fresh !== undefined && fresh % tenth === 0) this.#tellCollected();
    this.tick();
  }

  #tellCollected(): void {
    const { classes } = this.#options.current();
    const event = this.#collector.items.read((items) => collected(items, classes));
    if (event !== undefined) this.#tell(event);
  }

  #trainWhenDue(): void {
    const { config, now } = this.#options;
    const fresh = this.#collector.items.read((items) => items.fresh);
    const due = fresh && dueTrigger(fresh, config.trigger, now());
    if (due !== undefined && !this.#probation.isOpen) this.#trainer.begin(due);
  }

  /** The pointer is written last: a kill before that leaves the previous bundle in force. */
  async #goLive(version: string, hardClasses: readonly number[]): Promise<void> {
    if (this.#closed) return;
    const { current, now } = this.#options;
    const before = this.#active.pointer.active;
    const { name } = current();
    if (!(await this.#swap(this.#active.folderOf(version)))) return;
    const { agreed } = this.#active.pointer;
    const met = agreed !== null && agreed.join() === hardClasses.join();
    const onTrial = { before, since: now() };
    try {
      await this.#active.point({ active: version, onTrial, ...(met ? { agreed: null } : {}) });
    } catch (error) {
      if (this.#active.pointer.active !== version) {
        // Not recorded: no trial could roll it back.
        await this.#swap(this.#active.folderOf(before));
        throw error;
      }
      // Recorded, but what it replaces could not be removed.
      this.#faults.report("bundles", error);
    }
    this.#tell({ event: "swapped", before: name });
    await this.#probation.open();
  }

  /** @returns false when this learner closed before the bundle was open: another may be in force */
  #swap(folder: string): Promise<boolean> {
    return this.#options.swap(folder, () => !this.#closed);
  }

  #fail(reason: string, forGood = false): void {
    this.#options.log[forGood ? "error" : "warn"]({ reason }, "a step of learning failed");
    this.#tellFailed(reason);
  }

  #tellFailed(reason: string): void {
    this.#options.counts.failed += 1;
    this.#tell({ event: "failed", reason: reason.slice(0, 512) });
  }

  #tell(event: LearningEvent): void {
    const { now, current, publish } = this.#options;
    const { run } = this.#active.pointer;
    publish({ at: now(), model: current().name, run, energyJ: 0, ...event } as Training);
  }
}
