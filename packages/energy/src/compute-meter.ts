import { computeJ, type DeviceProfile } from "./profile.ts";
import type { EnergyMeter } from "./source.ts";

/** Joules of engine runs as they happen; each run is told its own share. */
export interface ComputeMeter {
  /** `modelled:raspberry-pi-4`, `measured:rapl`. */
  readonly source: string;
  /** Of all runs since the start. */
  readonly totalJ: number;
  /**
   * A run begins.
   *
   * @param macs - multiply-accumulates of the whole batch
   * @returns ends the run, once, and gives its joules
   */
  begin(macs: number): () => number;
  close(): void;
}

/** By a model: joules follow from the operations. */
export class ModelledMeter implements ComputeMeter {
  readonly #profile: DeviceProfile;
  #totalJ = 0;

  constructor(profile: DeviceProfile) {
    this.#profile = profile;
  }

  get source(): string {
    return this.#profile.source;
  }

  get totalJ(): number {
    return this.#totalJ;
  }

  begin(macs: number): () => number {
    return () => {
      const joules = computeJ(this.#profile, macs);
      this.#totalJ += joules;
      return joules;
    };
  }

  close(): void {}
}

interface Run {
  readonly macs: number;
  joules: number;
}

/**
 * By a counter of the processor. What it rises while runs overlap is divided among them by their operations, so that no joule counts
 * twice; what it rises while none is in work is idle power and counts for no frame.
 *
 * A counter that goes away in service keeps no run from its answer: joules stand still until it can be read again.
 */
export class MeasuredMeter implements ComputeMeter {
  readonly #counter: EnergyMeter;
  readonly #onLost: ((error: unknown) => void) | undefined;
  readonly #runs = new Set<Run>();
  /** Undefined while the counter cannot be read. */
  #lastJ: number | undefined;
  #totalJ = 0;

  /**
   * @param counter - closed with this meter
   * @param onLost - told once each time that it can no longer be read
   */
  constructor(counter: EnergyMeter, onLost?: (error: unknown) => void) {
    this.#counter = counter;
    this.#onLost = onLost;
    this.#lastJ = counter.readJ();
  }

  get source(): string {
    return this.#counter.source;
  }

  get totalJ(): number {
    return this.#totalJ;
  }

  begin(macs: number): () => number {
    this.#share();
    const run: Run = { macs, joules: 0 };
    this.#runs.add(run);
    return () => {
      if (this.#runs.has(run)) this.#share();
      this.#runs.delete(run);
      return run.joules;
    };
  }

  close(): void {
    this.#counter.close();
  }

  #share(): void {
    const lastJ = this.#lastJ;
    this.#lastJ = this.#read();
    if (lastJ === undefined || this.#lastJ === undefined || this.#runs.size === 0) return;
    const risenJ = Math.max(0, this.#lastJ - lastJ);
    this.#totalJ += risenJ;
    let macs = 0;
    for (const run of this.#runs) macs += run.macs;
    for (const run of this.#runs)
      run.joules += macs === 0 ? risenJ / this.#runs.size : (risenJ * run.macs) / macs;
  }

  #read(): number | undefined {
    try {
      return this.#counter.readJ();
    } catch (error) {
      if (this.#lastJ !== undefined) this.#onLost?.(error);
      return undefined;
    }
  }
}
