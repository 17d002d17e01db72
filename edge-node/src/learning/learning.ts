import { join } from "node:path";
import type { ComputeMeter } from "@meanet/energy";
import { readManifest, resolveBundle } from "@meanet/models";
import type { LabelSource, Training } from "@meanet/protocol";
import { type Logger, reasonOf } from "@meanet/runtime";
import { type InputKind, inputKinds } from "../input-kind.ts";
import type { ModelSlots } from "../model/model-slots.ts";
import { baseName } from "../model/served-model.ts";
import type { Extended, Settled } from "../stages.ts";
import type { LearningConfig } from "./config.ts";
import { Learner, type LearnerCounts } from "./learner.ts";

export interface LearningOptions {
  readonly config: LearningConfig;
  /** The node's own folder. */
  readonly folder: string;
  readonly node: string;
  readonly models: ModelSlots;
  readonly meter: ComputeMeter;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

/** Who hears what it does. */
export interface LearningListener {
  readonly publish: (training: Training) => void;
  /** The states of the settings `train`, `hard-classes` or `model` may have changed. */
  readonly onChange: () => void;
}

/** Steps kept until somebody listens: those of the start. */
const UNHEARD = 16;
const TICK_MS = 60_000;

/** The learning of a node: one {@link Learner} for each bundle in force. */
export class Learning {
  readonly #options: LearningOptions;
  readonly #learners = new Map<InputKind, Learner>();
  readonly #counts: LearnerCounts = {
    trainings: 0,
    accepted: 0,
    refused: 0,
    rolledBack: 0,
    failed: 0,
    lost: 0,
  };
  readonly #unheard: Training[] = [];
  readonly #timer: NodeJS.Timeout;
  #listener: LearningListener | undefined;
  #enabled: boolean;
  #closed = false;

  constructor(options: LearningOptions) {
    this.#options = options;
    this.#enabled = options.config.enabled;
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  listen(listener: LearningListener): void {
    this.#listener = listener;
    for (const training of this.#unheard.splice(0)) listener.publish(training);
  }

  /**
   * Puts a bundle in force, or what this node has learned from it.
   *
   * @throws {MeanetError} BUNDLE_…, MODEL_… when the original bundle cannot serve; the one in force then stays
   */
  async load(nameOrFolder: string): Promise<InputKind> {
    const { models, folder, node, config, meter, now, log } = this.#options;
    const baseFolder = await resolveBundle(nameOrFolder);
    const { name, version, input } = await readManifest(baseFolder);
    const base = baseName(`${name}@${version}`);
    const learner = await Learner.open({
      folder: join(folder, "learning", base.replace("@", "-")),
      baseFolder,
      base,
      node,
      config,
      enabled: () => this.#enabled,
      current: () => models.current(input.kind)!,
      swap: (dir, isWanted) => models.replace(dir, isWanted),
      meter,
      publish: (training) => this.#publish(training),
      onChange: () => this.#listener?.onChange(),
      counts: this.#counts,
      now,
      log,
    });
    if (learner.folder === baseFolder) {
      await models.replace(baseFolder);
    } else {
      await models.replace(learner.folder).catch(async (error: unknown) => {
        await models.replace(baseFolder);
        const reason = reasonOf(error);
        await learner.giveUp(`what was learned cannot serve: ${reason}`);
      });
    }
    // Before anything else: what the old learner still trains must not replace what is in force now.
    await this.#learners
      .get(input.kind)
      ?.close()
      .catch((error: unknown) => {
        log.warn({ err: error }, "the learner of the bundle before did not end cleanly");
      });
    this.#learners.set(input.kind, learner);
    if (this.#closed) await learner.close();
    else await learner.begin();
    return input.kind;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(enabled: boolean) {
    this.#enabled = enabled;
    for (const learner of this.#learners.values()) learner.recall();
  }

  /** A frame has its answer. */
  observe({ frame, model, tensor, features, p1, answer }: Settled | Extended): void {
    const teacher = answer?.classes[0];
    const { device, id } = frame;
    this.#learners.get(model.kind)?.observe({ device, id, tensor, features, p1, model }, teacher);
  }

  /** A frame was answered without the cloud. @param latencyMs - from its arrival to its verdict */
  answered(latencyMs: number): void {
    for (const learner of this.#learners.values()) learner.answered(latencyMs);
  }

  label(device: string, id: string, label: string | number): void {
    for (const learner of this.#learners.values()) learner.label(device, id, label);
  }

  /** Frames that wait or work, those at the cloud left out. */
  setLoad(frames: number): void {
    for (const learner of this.#learners.values()) learner.setLoad(frames);
  }

  /** Begins what is due by time alone: trainings, and the end of trials. */
  tick(): void {
    for (const learner of this.#learners.values()) learner.tick();
  }

  /** @returns why no training began */
  trainNow(): string | undefined {
    const refusals = [...this.#learners.values()].map((learner) => learner.trainNow());
    return refusals.includes(undefined) ? undefined : (refusals[0] ?? "no bundle is in force");
  }

  /** @returns false when nothing is proposed */
  async acceptHardClasses(): Promise<boolean> {
    const accepted = await Promise.all(
      Array.from(this.#learners.values(), (learner) => learner.accept("operator")),
    );
    return accepted.includes(true);
  }

  /** @returns false when nothing is proposed */
  dismissHardClasses(): boolean {
    const dismissed = Array.from(this.#learners.values(), (learner) => learner.dismiss());
    return dismissed.includes(true);
  }

  get progress(): string {
    return this.#ofEach((learner) => learner.progress);
  }

  get hardClasses(): string {
    return this.#ofEach((learner) => learner.hardClasses);
  }

  get counts(): Readonly<LearnerCounts> {
    return this.#counts;
  }

  get items(): Readonly<Record<LabelSource, number>> {
    const sum = { label: 0, cloud: 0 };
    for (const { items } of this.#learners.values()) {
      sum.label += items.label;
      sum.cloud += items.cloud;
    }
    return sum;
  }

  /** Resolves when no training and no swap is under way. */
  async idle(): Promise<void> {
    await Promise.all(Array.from(this.#learners.values(), (learner) => learner.idle()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all(Array.from(this.#learners.values(), (learner) => learner.close()));
  }

  #publish(training: Training): void {
    if (this.#listener !== undefined) this.#listener.publish(training);
    else if (this.#unheard.length < UNHEARD) this.#unheard.push(training);
  }

  #ofEach(text: (learner: Learner) => string): string {
    return inputKinds
      .flatMap((kind) => {
        const learner = this.#learners.get(kind);
        return learner === undefined ? [] : [text(learner)];
      })
      .join(" | ");
  }
}
