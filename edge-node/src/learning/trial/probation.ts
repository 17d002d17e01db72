import type { ComputeMeter } from "@meanet/energy";
import { loadBundle } from "@meanet/models";
import type { LabelSource } from "@meanet/protocol";
import type { Logger } from "@meanet/runtime";
import type { ServedModel } from "../../model/served-model.ts";
import type { ActiveBundle } from "../active-bundle.ts";
import type { LearningConfig } from "../config.ts";
import type { KeptFrame } from "../items/frame-memory.ts";
import type { LearningEvent } from "../learning-event.ts";
import { LiveTrial } from "./live-trial.ts";
import type { TrialFigures } from "./trial.ts";

export interface ProbationOptions {
  readonly active: ActiveBundle;
  readonly config: LearningConfig["rollback"];
  /** The bundle in force. */
  readonly current: () => ServedModel;
  /** Puts a bundle in force between two batches; its predecessor stays when this rejects or gives false. */
  readonly swap: (folder: string) => Promise<boolean>;
  readonly meter: ComputeMeter;
  readonly tell: (event: LearningEvent) => void;
  readonly onFail: (error: unknown) => void;
  readonly onChange: () => void;
  readonly onRolledBack: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

const MINUTE_MS = 60_000;

/**
 * The time after a swap in which the previous bundle can still come back. It ends in one of three ways:
 *
 *     enough labelled frames, not worse ─ passed ┐
 *     its age, whatever it has seen ──── passed ─┴ the new one stays: it has passed judgement, and nothing spoke against it
 *     worse than the one before ──────── rolled back
 *
 * The pointer names it, so that a restart resumes it: frames are counted anew, its age is not.
 */
export class Probation {
  readonly #options: ProbationOptions;
  #trial: LiveTrial | undefined;
  #ending: Promise<void> | undefined;
  #since = 0;
  #opening = false;
  #closed = false;

  constructor(options: ProbationOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#trial !== undefined || this.#opening;
  }

  /** What it still waits for, in words. */
  get missing(): string {
    const { items, age } = this.#options.config;
    const frames = Math.max(0, items - (this.#trial?.figures.items ?? 0));
    const minutes = Math.max(0, Math.ceil((this.#since + age - this.#options.now()) / MINUTE_MS));
    const time = minutes >= 120 ? `${Math.round(minutes / 60)} h` : `${minutes} min`;
    return `${frames} of ${items} labelled frames are missing, or ${time}`;
  }

  /** Begins or resumes the trial that the pointer names, if any. */
  async open(): Promise<void> {
    const { active, now, onChange } = this.#options;
    const { onTrial } = active.pointer;
    if (onTrial === null) return;
    const { before, since = now() } = onTrial;
    this.#since = since;
    this.#opening = true;
    try {
      const trial = await this.#openTrial(before);
      if (this.#closed) await trial.close();
      else this.#trial = trial;
    } finally {
      this.#opening = false;
    }
    onChange();
  }

  async #openTrial(before: string | null): Promise<LiveTrial> {
    const { active, current, meter, config, log } = this.#options;
    const bundle = await loadBundle(active.folderOf(before));
    return LiveTrial.open({
      bundle,
      current,
      meter,
      config,
      onEnd: (passed, figures, energyJ) => this.#end(before, passed, figures, energyJ),
      onError: (error) => log.warn({ err: error }, "a frame of the trial was left out"),
    });
  }

  /** A frame has its class. */
  observe(frame: KeptFrame, classIndex: number, source: LabelSource): void {
    this.#trial?.observe(frame, classIndex, source);
  }

  /** Ends a trial that has grown too old. */
  tick(): void {
    const { now, config } = this.#options;
    // A clock that was ahead when it began would keep it open for that much longer.
    this.#since = Math.min(this.#since, now());
    if (this.#trial === undefined || now() - this.#since < config.age) return;
    this.#ending ??= this.#trial.end().finally(() => {
      this.#ending = undefined;
    });
  }

  /** Resolves when no frame is being compared and no bundle swapped. */
  async idle(): Promise<void> {
    await this.#trial?.idle();
    await this.#ending;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#trial?.close();
    await this.#ending;
  }

  async #end(before: string | null, passed: boolean, figures: TrialFigures, energyJ: number): Promise<void> {
    const { active, config, current, swap, tell, onChange, onFail, onRolledBack } = this.#options;
    try {
      if (passed) {
        await active.point({ onTrial: null });
        const by = figures.items >= config.items ? "items" : "age";
        tell({ event: "passed", by, disagreement: figures, energyJ });
      } else {
        const { name } = current();
        // Closed meanwhile: the pointer still names the trial, which resumes when this bundle is in force again.
        if (!(await swap(active.folderOf(before)))) return;
        await active.point({ active: before, onTrial: null });
        onRolledBack();
        const points = (100 * (figures.after - figures.before)).toFixed(1);
        const reason = `of ${figures.items} labelled frames it got ${points} points more wrong than the one before; ${(100 * config.margin).toFixed(1)} are allowed`;
        tell({ event: "rolled-back", before: name, reason, disagreement: figures, energyJ });
      }
    } catch (error) {
      onFail(error);
    }
    this.#trial = undefined;
    onChange();
  }
}
