import type { ThumbnailsConfig } from "./config.ts";

type ChoiceConfig = Pick<ThumbnailsConfig, "every" | "ofCloud" | "ofCloudPerMinute">;

/** What the choice looks at. */
export interface Candidate {
  readonly device: string;
  /** What came of asking the cloud; undefined when it gave no answer. */
  readonly cloud: "agreed" | "disagreed" | undefined;
}

/** Devices whose last thumbnail is remembered; beyond this the longest unseen are forgotten, and may get one early. */
const MAX_DEVICES = 4096;
/** Share of a minute's allowance that may be spent at once. */
const BURST = 1 / 6;

/** Chooses the frames that people see: one per device and interval, and those that the cloud answered, up to a rate (token bucket). */
export class Choice {
  readonly #config: ChoiceConfig;
  /** By device, oldest first. */
  readonly #lastMs = new Map<string, number>();
  readonly #burst: number;
  #allowance: number;
  #allowanceMs = 0;

  constructor(config: ChoiceConfig) {
    this.#config = config;
    this.#burst = Math.max(1, config.ofCloudPerMinute * BURST);
    this.#allowance = this.#burst;
  }

  /** Whether any frame can be chosen. */
  get isOff(): boolean {
    return this.#config.every === 0 && this.#config.ofCloud === "none";
  }

  /** @param nowMs - of a clock that only runs forward */
  takes(candidate: Candidate, nowMs: number): boolean {
    const chosen = this.#isDue(candidate.device, nowMs) || this.#isWanted(candidate, nowMs);
    if (chosen) this.#remember(candidate.device, nowMs);
    return chosen;
  }

  #isDue(device: string, nowMs: number): boolean {
    const { every } = this.#config;
    if (every === 0) return false;
    const lastMs = this.#lastMs.get(device);
    return lastMs === undefined || nowMs - lastMs >= every;
  }

  #isWanted({ cloud }: Candidate, nowMs: number): boolean {
    const { ofCloud, ofCloudPerMinute } = this.#config;
    if (cloud === undefined || ofCloud === "none" || (ofCloud === "disagreed" && cloud === "agreed"))
      return false;
    const earned = ((nowMs - this.#allowanceMs) * ofCloudPerMinute) / 60_000;
    this.#allowance = Math.min(this.#burst, this.#allowance + earned);
    this.#allowanceMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  #remember(device: string, nowMs: number): void {
    if (this.#config.every === 0) return;
    this.#lastMs.delete(device);
    this.#lastMs.set(device, nowMs);
    if (this.#lastMs.size <= MAX_DEVICES) return;
    for (const oldest of this.#lastMs.keys()) {
      this.#lastMs.delete(oldest);
      return;
    }
  }
}
