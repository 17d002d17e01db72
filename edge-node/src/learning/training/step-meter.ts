import type { ComputeMeter } from "@meanet/energy";
import type { AdaptationStep } from "@meanet/models";

/** Joules of one training. Each of its steps announces the work that begins, and so ends the previous work. */
export class StepMeter {
  readonly #meter: ComputeMeter;
  #end: (() => number) | undefined;
  #sinceEpoch = 0;

  constructor(meter: ComputeMeter) {
    this.#meter = meter;
  }

  /** @returns joules since the epoch before, where this step ends an epoch; else 0 */
  observe(step: Exclude<AdaptationStep, { kind: "waiting" }>): number {
    if (step.kind === "epoch") return this.end();
    this.#sinceEpoch += this.#end?.() ?? 0;
    this.#end = this.#meter.begin(step.macs);
    return 0;
  }

  /** @returns joules since the last epoch */
  end(): number {
    const joules = this.#sinceEpoch + (this.#end?.() ?? 0);
    this.#end = undefined;
    this.#sinceEpoch = 0;
    return joules;
  }
}
