import { type Setting, type SettingState, settings } from "@meanet/protocol";
import { isMeanetError, MeanetError, parseDurationMs, reasonOf } from "@meanet/runtime";
import { type InputKind, inputKinds, inputNames } from "../input-kind.ts";
import { POLICY_FORMS, type Policy, parsePolicy } from "../policy.ts";
import type { Wishes } from "./settings-file.ts";

export interface SettingsOptions {
  /** From the configuration; a wish made over MQTT overrides them. */
  readonly defaults: {
    readonly thresholds: Readonly<Record<InputKind, number | undefined>>;
    readonly policy: string;
    readonly deadlineMs: number;
    /** One for each kind of input at most. */
    readonly models: readonly string[];
  };
  /** The kind of input that a bundle takes, read from its manifest alone. */
  readonly kindOf: (nameOrFolder: string) => Promise<InputKind>;
  /** Puts a bundle in force in place of the one of its kind, which stays when this rejects. @returns its kind */
  readonly loadModel: (nameOrFolder: string) => Promise<InputKind>;
  /** The bundle in force that takes such inputs. */
  readonly bundle: (kind: InputKind) => { readonly name: string; readonly threshold: number } | undefined;
  readonly learning: LearningControl;
  readonly save: (wishes: Wishes) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What can be asked of a node that learns. */
interface LearningControl {
  enabled: boolean;
  /** Begins a training. @returns why none began */
  trainNow(): string | undefined;
  /** Agrees to the hard classes that are proposed. @returns false when none are */
  acceptHardClasses(): Promise<boolean>;
  /** Gives up the hard classes that are proposed. @returns false when none are */
  dismissHardClasses(): boolean;
  readonly progress: string;
  readonly hardClasses: string;
}

const MAX_DEADLINE_MS = 10 * 60_000;
/** Longest text that the schema of a state allows. */
const MAX_TEXT = 4096;
/** Entropies of two bundles have nothing in common: each kind has a threshold of its own. */
const thresholdKinds = { threshold: "image", "threshold-window": "window" } as const;

/** Whether a setting asks for something once, not again at every start or connection. Of the others the last wish holds. */
export function isRequest(setting: Setting): setting is "train" | "hard-classes" {
  return setting === "train" || setting === "hard-classes";
}

/**
 * What can be changed while the node works. A bad wish is never applied: `state` then holds the value in force and the reason.
 */
export class Settings {
  readonly #options: SettingsOptions;
  readonly #wishes: Wishes = {};
  readonly #errors = new Map<Setting, string>();
  readonly #thresholds: Record<InputKind, number | "bundle">;
  #policyText: string;
  #policy: Policy;
  #deadlineMs: number;
  #loading = false;

  constructor(options: SettingsOptions) {
    const { thresholds, policy, deadlineMs } = options.defaults;
    this.#options = options;
    this.#thresholds = { image: thresholds.image ?? "bundle", window: thresholds.window ?? "bundle" };
    this.#policyText = policy;
    this.#policy = readPolicy(policy);
    this.#deadlineMs = deadlineMs;
  }

  /** Nats; undefined: the bundle's own. */
  threshold(kind: InputKind): number | undefined {
    const threshold = this.#thresholds[kind];
    return threshold === "bundle" ? undefined : threshold;
  }

  get policy(): Policy {
    return this.#policy;
  }

  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /**
   * Puts the wishes of before the restart in force, then the default bundles of the kinds that have none. A wish that no longer fits
   * shows as an error in its state.
   *
   * @throws {MeanetError} CONFIG_INVALID for two default bundles of one kind; BUNDLE_…, MODEL_… of a default bundle
   */
  async begin(wishes: Wishes): Promise<void> {
    const defaults = await this.#defaultModels();
    for (const model of Object.values(wishes.models ?? {})) {
      const failed = this.#errors.get("model");
      await this.set("model", model);
      if (failed !== undefined) this.#errors.set("model", failed);
    }
    for (const [kind, model] of defaults) {
      if (this.#options.bundle(kind) === undefined) await this.#options.loadModel(model);
    }
    for (const setting of settings) {
      // Models come first, above.
      if (setting === "model" || isRequest(setting)) continue;
      const wish = wishes[setting];
      if (wish !== undefined) await this.set(setting, wish);
    }
  }

  /** Applies a wish. @returns false when it is refused: the state then holds the reason */
  async set(setting: Setting, value: unknown): Promise<boolean> {
    try {
      await this.#apply(setting, value);
      this.#options.save(this.#wishes);
      this.#errors.delete(setting);
      return true;
    } catch (error) {
      this.#errors.set(setting, reasonOf(error).slice(0, 512));
      if (!isMeanetError(error)) throw error;
      return false;
    }
  }

  state(setting: Setting): SettingState {
    return {
      value: this.#inForce(setting),
      at: this.#options.now(),
      error: this.#errors.get(setting) ?? null,
    };
  }

  #inForce(setting: Setting): string | number {
    switch (setting) {
      case "threshold":
      case "threshold-window": {
        const kind = thresholdKinds[setting];
        return this.threshold(kind) ?? this.#options.bundle(kind)?.threshold ?? "bundle";
      }
      case "policy":
        return this.#policyText;
      case "deadline":
        return `${this.#deadlineMs}ms`;
      case "learning":
        return this.#options.learning.enabled ? "on" : "off";
      case "train":
        return this.#options.learning.progress;
      case "hard-classes":
        return this.#options.learning.hardClasses.slice(0, MAX_TEXT);
      case "model":
        return inputKinds.flatMap((kind) => this.#options.bundle(kind)?.name ?? []).join(", ");
    }
  }

  async #apply(setting: Setting, value: unknown): Promise<void> {
    switch (setting) {
      case "threshold":
      case "threshold-window":
        this.#wishes[setting] = this.#thresholds[thresholdKinds[setting]] = readThreshold(setting, value);
        return;
      case "policy":
        this.#policy = readPolicy(value);
        this.#wishes.policy = this.#policyText = value as string;
        return;
      case "deadline":
        this.#deadlineMs = readDeadline(value);
        this.#wishes.deadline = value as string;
        return;
      case "learning":
        if (value !== "on" && value !== "off") throw invalid(setting, '"on" or "off"', value);
        this.#options.learning.enabled = value === "on";
        this.#wishes.learning = value;
        return;
      case "train": {
        const why = value === "now" ? this.#options.learning.trainNow() : 'expected "now"';
        if (why !== undefined) throw new MeanetError("SETTING_INVALID", `train: ${why}`, { setting });
        return;
      }
      case "hard-classes": {
        const { learning } = this.#options;
        if (value !== "accept" && value !== "dismiss") {
          throw invalid(setting, '"accept" or "dismiss", of what is proposed', value);
        }
        const done = value === "accept" ? await learning.acceptHardClasses() : learning.dismissHardClasses();
        if (done) return;
        throw new MeanetError("SETTING_INVALID", "hard-classes: nothing is proposed", { setting });
      }
      case "model":
        await this.#load(value);
    }
  }

  async #load(value: unknown): Promise<void> {
    if (typeof value !== "string" || value === "" || value.length > 1024) {
      throw invalid("model", 'a bundle of the zoo such as "fashion-mnist", or a folder', value);
    }
    if (this.#loading) throw invalid("model", "no other bundle to be loading; try again", value);
    this.#loading = true;
    try {
      const kind = await this.#options.loadModel(value);
      this.#wishes.models = { ...this.#wishes.models, [kind]: value };
    } finally {
      this.#loading = false;
    }
  }

  async #defaultModels(): Promise<ReadonlyMap<InputKind, string>> {
    const byKind = new Map<InputKind, string>();
    for (const model of this.#options.defaults.models) {
      const kind = await this.#options.kindOf(model);
      const other = byKind.get(kind);
      if (other !== undefined) {
        throw new MeanetError(
          "CONFIG_INVALID",
          `models: ${other} and ${model} both take ${inputNames[kind]}; expected one bundle for each kind of input`,
          { kind, models: [other, model] },
        );
      }
      byKind.set(kind, model);
    }
    return byKind;
  }
}

function readThreshold(setting: Setting, value: unknown): number | "bundle" {
  if (value === "bundle") return value;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw invalid(setting, 'a number of nats from 0 on, or "bundle" for the bundle\'s own', value);
}

function readPolicy(value: unknown): Policy {
  const policy = typeof value === "string" ? parsePolicy(value) : undefined;
  if (policy === undefined) throw invalid("policy", `one of ${POLICY_FORMS}`, value);
  return policy;
}

function readDeadline(value: unknown): number {
  const deadlineMs = typeof value === "string" ? parseDurationMs(value) : undefined;
  if (deadlineMs === undefined || deadlineMs <= 0 || deadlineMs > MAX_DEADLINE_MS) {
    throw invalid("deadline", 'a duration such as "500ms" or "2s", up to "10m"', value);
  }
  return deadlineMs;
}

function invalid(setting: Setting, expected: string, value: unknown): MeanetError {
  const received = JSON.stringify(value)?.slice(0, 80);
  return new MeanetError("SETTING_INVALID", `${setting}: expected ${expected}, received ${received}`, {
    setting,
  });
}
