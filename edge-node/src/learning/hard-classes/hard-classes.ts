/**
 * The hard classes of a bundle in service: those in force, those agreed on for the next training, and those that live labels propose.
 *
 *     labelled frame ── counts ── proposal ┬ accepted ── agreed ── next training
 *                         │                └ dismissed ── not again before new labels
 *                         └ {folder}/discovery.json, now and then
 *
 * They count main's answers, which no training here changes, so they go on whichever extension is in force.
 */
import { join } from "node:path";
import { argmax } from "@meanet/models";
import type { Logger } from "@meanet/runtime";
import type { ServedModel } from "../../model/served-model.ts";
import type { ActiveBundle } from "../active-bundle.ts";
import type { LearningConfig } from "../config.ts";
import type { KeptFrame } from "../items/frame-memory.ts";
import type { LearningEvent } from "../learning-event.ts";
import { Discovery, type Proposal } from "./discovery.ts";
import { type CountedMain, readDiscovery, writeDiscovery } from "./discovery-file.ts";

export interface HardClassesOptions {
  /** Where this node keeps what it learns for this bundle. */
  readonly folder: string;
  readonly config: LearningConfig["discovery"];
  readonly active: ActiveBundle;
  /** The bundle in force. */
  readonly current: () => ServedModel;
  readonly tell: (event: LearningEvent) => void;
  /** {@link HardClasses.text} has changed. */
  readonly onChange: () => void;
  /** The next training has other hard classes. */
  readonly onAgreed: () => void;
  readonly onFail: (error: unknown) => void;
  readonly log: Logger;
}

export class HardClasses {
  readonly #options: HardClassesOptions;
  readonly #file: string;
  #discovery: Discovery | undefined;
  #of: CountedMain | undefined;
  #proposal: Proposal | undefined;
  /** The proposal published last, so that a restart publishes none twice. */
  #told: string | undefined;
  /** Runs while there is something to write. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HardClassesOptions) {
    this.#options = options;
    this.#file = join(options.folder, "discovery.json");
  }

  /** The bundle in force serves: what was proposed before the last stop is proposed again. */
  begin(): void {
    // A policy that accepts waits for a label: none is heard while learning is off.
    if (this.#options.config.mode === "propose") this.#review();
  }

  /** Hard classes of the next training, and so of the items worth storing. */
  get dictionary(): readonly number[] {
    const { active, current } = this.#options;
    return active.pointer.agreed ?? current().manifest.hardClasses;
  }

  /** For `state/hard-classes`: the classes in force, those agreed on, those proposed, and those whose change was dismissed. */
  get text(): string {
    const { active, current } = this.#options;
    const { agreed } = active.pointer;
    const parts = [
      ["agreed", agreed ?? []],
      ["proposed", this.#proposal?.hardClasses ?? []],
      ["dismissed", this.#discovery?.dismissed ?? []],
    ] as const;
    const others = parts.filter(([, classes]) => classes.length > 0);
    return [
      this.names(current().manifest.hardClasses).join(", "),
      ...others.map(([what, classes]) => `${what}: ${this.names(classes).join(", ")}`),
    ].join("; ");
  }

  names(classes: readonly number[]): string[] {
    const { manifest } = this.#options.current();
    return classes.map((index) => manifest.classes[index]!);
  }

  /** A label arrived: the true class of a frame. */
  observe({ model, p1 }: KeptFrame, truth: number): void {
    // It was answered by the main of a bundle that has been replaced since.
    if (model.mainDigest !== this.#options.current().mainDigest) return;
    const ended = this.#open().observe(argmax(p1), truth);
    this.#saveLater();
    this.#review();
    if (ended) this.#options.onChange();
  }

  /** Accepts the proposal. @returns false when there is none */
  async accept(by: "operator" | "policy"): Promise<boolean> {
    const { active, tell, onAgreed, onChange } = this.#options;
    const told = this.#told;
    const proposal = this.#take();
    if (proposal === undefined) return false;
    try {
      await active.point({ agreed: [...proposal.hardClasses] });
    } catch (error) {
      // It stays proposed, and is neither published nor accepted anew with every label.
      this.#proposal ??= proposal;
      this.#told ??= told;
      throw error;
    }
    onAgreed();
    tell({ event: "agreed", hardClasses: this.names(proposal.hardClasses), by });
    onChange();
    return true;
  }

  /** Dismisses the proposal, durably, until new labels support it. @returns false when there is none */
  dismiss(): boolean {
    const { tell, onChange } = this.#options;
    const proposal = this.#take();
    if (proposal === undefined) return false;
    const waits = this.#open().dismiss(proposal);
    try {
      this.#save();
    } finally {
      tell({
        event: "dismissed",
        ...this.#named(proposal),
        waits: Array.from(waits, ([index, labels]) => ({ name: this.names([index])[0]!, labels })),
      });
      onChange();
    }
    return true;
  }

  /** A policy that could not record what it accepted tries again. */
  tick(): void {
    const { config, onFail } = this.#options;
    if (config.mode === "accept") this.accept("policy").catch(onFail);
  }

  /** Writes what is not yet written. */
  close(): void {
    if (this.#timer !== undefined) this.#trySave();
  }

  /** Read when first needed, and anew when another main block is in force. */
  #open(): Discovery {
    const { config, current, log } = this.#options;
    const { mainDigest, classes } = current();
    const main = { sha256: mainDigest, classes: classes.length };
    if (this.#discovery !== undefined && this.#of?.sha256 === main.sha256) return this.#discovery;
    this.#of = main;
    this.#proposal = undefined;
    this.#told = undefined;
    try {
      const kept = readDiscovery(this.#file, main);
      this.#discovery = new Discovery(config, kept?.counts);
      this.#told = kept?.proposed?.join();
    } catch (error) {
      log.error({ err: error }, "live counts of the classes begin anew");
      this.#discovery = new Discovery(config);
    }
    return this.#discovery;
  }

  #review(): void {
    const { config, current, tell, onChange, onFail } = this.#options;
    if (config.mode === "off") return;
    const proposal = this.#open().propose(this.dictionary, current().manifest.classes.length);
    const key = proposal?.hardClasses.join();
    if (key === this.#proposal?.hardClasses.join()) return;
    this.#proposal = proposal;
    onChange();
    const again = key === this.#told;
    this.#told = key;
    if (proposal === undefined) return;
    if (!again) tell({ event: "proposed", ...this.#named(proposal) });
    if (config.mode === "accept") this.accept("policy").catch(onFail);
  }

  /** Takes the proposal away. */
  #take(): Proposal | undefined {
    const proposal = this.#proposal;
    this.#proposal = undefined;
    this.#told = undefined;
    return proposal;
  }

  #named({ hardClasses, becomeHard, becomeEasy }: Proposal) {
    return {
      hardClasses: this.names(hardClasses),
      becomeHard: this.names(becomeHard),
      becomeEasy: this.names(becomeEasy),
    };
  }

  #saveLater(): void {
    this.#timer ??= setTimeout(() => this.#trySave(), this.#options.config.saveInterval).unref();
  }

  #trySave(): void {
    try {
      this.#save();
    } catch (error) {
      this.#options.log.warn({ err: error, file: this.#file }, "live counts of the classes were not written");
    }
  }

  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#discovery === undefined || this.#of === undefined) return;
    const proposed = this.#proposal?.hardClasses ?? null;
    writeDiscovery(this.#file, this.#of, { counts: this.#discovery.counts, proposed });
  }
}
