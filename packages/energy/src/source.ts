import { MeanetError } from "@meanet/runtime";

/** Where a figure comes from; travels with every figure, so that a model is never read as a measurement. */
export type EnergySource = `modelled:${string}` | "measured:rapl" | "measured:nvml";

/** A counter of joules that a machine measures about itself. */
export interface EnergyMeter {
  readonly source: EnergySource;
  /** Joules since the meter was opened; never falls. Throws when the machine no longer tells. */
  readJ(): number;
  close(): void;
}

/** @throws {MeanetError} ENERGY_INPUT_INVALID when `value` is not a finite number ≥ 0 */
export function requireCount(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new MeanetError("ENERGY_INPUT_INVALID", `${name} is ${value}; expected a finite number, 0 or more`, {
    [name]: value,
  });
}
