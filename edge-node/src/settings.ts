import { type Setting, type SettingState, settings } from "@meanet/protocol";
import { isMeanetError, MeanetError, parseDurationMs } from "@meanet/runtime";
import { POLICY_FORMS, type Policy, parsePolicy } from "./policy.ts";
import type { Wishes } from "./settings-file.ts";

export interface SettingsOptions {
  /** From the configuration; what was wished over MQTT comes before them. */
  readonly defaults: {
    readonly threshold: number | undefined;
    readonly policy: string;
    readonly deadlineMs: number;
    readonly model: string;
  };
  /** Puts another bundle in force; the one before stays when it rejects. */
  readonly loadModel: (nameOrFolder: string) => Promise<void>;
  /** Of the bundle in force. */
  readonly bundle: () => { readonly name: string; readonly threshold: number };
  readonly save: (wishes: Wishes) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const MAX_DEADLINE_MS = 10 * 60_000;

/**
 * What can be changed while the node works. A bad wish is never applied: `state` then holds the value in force and the reason.
 */
export class Settings {
  readonly #options: SettingsOptions;
  readonly #wishes: Wishes = {};
  readonly #errors = new Map<Setting, string>();
  #threshold: number | "bundle";
  #policyText: string;
  #policy: Policy;
  #deadlineMs: number;
  #loading = false;

  constructor(options: SettingsOptions) {
    const { threshold, policy, deadlineMs } = options.defaults;
    this.#options = options;
    this.#threshold = threshold ?? "bundle";
    this.#policyText = policy;
    this.#policy = readPolicy(policy);
    this.#deadlineMs = deadlineMs;
  }

  /** Nats; the bundle's own unless set. */
  get threshold(): number {
    return this.#threshold === "bundle" ? this.#options.bundle().threshold : this.#threshold;
  }

  get policy(): Policy {
    return this.#policy;
  }

  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** Puts the default bundle in force, then every wish of before the restart; one that no longer fits shows in its state. */
  async begin(wishes: Wishes): Promise<void> {
    const { model } = wishes;
    if (model === undefined || !(await this.set("model", model))) {
      await this.#options.loadModel(this.#options.defaults.model);
    }
    for (const setting of settings) {
      const wish = wishes[setting];
      if (setting !== "model" && wish !== undefined) await this.set(setting, wish);
    }
  }

  /** Applies a wish, or keeps the reason why not. */
  async set(setting: Setting, value: unknown): Promise<boolean> {
    try {
      this.#wishes[setting] = await this.#apply(setting, value);
      this.#options.save(this.#wishes);
      this.#errors.delete(setting);
      return true;
    } catch (error) {
      this.#errors.set(setting, (error instanceof Error ? error.message : String(error)).slice(0, 512));
      if (!isMeanetError(error)) throw error;
      return false;
    }
  }

  state(setting: Setting): SettingState {
    const values: Record<Setting, string | number> = {
      threshold: this.threshold,
      policy: this.#policyText,
      deadline: `${this.#deadlineMs}ms`,
      model: this.#options.bundle().name,
    };
    return {
      value: values[setting],
      at: this.#options.now(),
      error: this.#errors.get(setting) ?? null,
    };
  }

  async #apply(setting: Setting, value: unknown): Promise<string | number> {
    switch (setting) {
      case "threshold":
        this.#threshold = readThreshold(value);
        return this.#threshold;
      case "policy":
        this.#policy = readPolicy(value);
        this.#policyText = value as string;
        return this.#policyText;
      case "deadline":
        this.#deadlineMs = readDeadline(value);
        return value as string;
      case "model":
        await this.#load(value);
        return value as string;
    }
  }

  async #load(value: unknown): Promise<void> {
    if (typeof value !== "string" || value === "" || value.length > 1024) {
      throw invalid("model", 'a bundle of the zoo such as "fashion-mnist", or a folder', value);
    }
    if (this.#loading) throw invalid("model", "no other bundle to be loading; try again", value);
    this.#loading = true;
    try {
      await this.#options.loadModel(value);
    } finally {
      this.#loading = false;
    }
  }
}

function readThreshold(value: unknown): number | "bundle" {
  if (value === "bundle") return value;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw invalid("threshold", 'a number of nats from 0 on, or "bundle" for the bundle\'s own', value);
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
