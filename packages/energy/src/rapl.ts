/**
 * Joules that the processor counts itself: RAPL through the kernel's powercap tree.
 *
 * @see https://docs.kernel.org/power/powercap/powercap.html
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "@meanet/runtime";
import type { EnergyMeter } from "./source.ts";

export interface RaplOptions {
  /** Default `/sys/class/powercap`. */
  readonly root?: string;
  /** Told why there is no meter. On most systems `energy_uj` is readable by root only (CVE-2020-8694). */
  readonly onUnavailable?: (reason: string) => void;
}

/**
 * Opens the counters of all processor packages and their memory.
 *
 * Counts all that the processor does, not this process alone: on a shared machine it is an upper bound.
 *
 * Zones counted: `package-N`, and `dram` beneath one, which the package does not include. Not counted: `core` and `uncore`,
 * parts of the package, and `psys`, which includes it.
 *
 * A counter that wrapped around once between two reads is put right; twice looks like once. At 300 W the usual range of
 * 65 or 262 kJ lasts minutes: read at least once a minute.
 *
 * @returns undefined when there is no RAPL here, or it may not be read. `readJ` of an open meter throws the system's error
 * when a counter goes away, rather than report energy that stands still.
 */
export function openRapl(options: RaplOptions = {}): EnergyMeter | undefined {
  const root = options.root ?? "/sys/class/powercap";
  try {
    const zones = readdirSync(root)
      .filter((entry) => /^intel-rapl:\d+(:\d+)?$/.test(entry)) // also AMD's, under the same name
      .map((entry) => join(root, entry))
      .filter((path) => /^(package-\d+|dram)$/.test(readFileSync(join(path, "name"), "utf8").trim()))
      .map((path) => new Zone(path));
    if (zones.length === 0) throw new Error(`no intel-rapl package under ${root}`);
    return {
      source: "measured:rapl",
      readJ: () => zones.reduce((sum, zone) => sum + zone.readUj(), 0) / 1e6,
      close: () => undefined,
    };
  } catch (error) {
    options.onUnavailable?.(reasonOf(error));
    return undefined;
  }
}

class Zone {
  readonly #energyFile: string;
  readonly #rangeUj: number;
  #lastUj: number;
  #totalUj = 0;

  constructor(path: string) {
    this.#energyFile = join(path, "energy_uj");
    this.#rangeUj = readNumber(join(path, "max_energy_range_uj"));
    this.#lastUj = readNumber(this.#energyFile);
  }

  readUj(): number {
    const nowUj = readNumber(this.#energyFile);
    const deltaUj = nowUj - this.#lastUj;
    this.#totalUj += deltaUj >= 0 ? deltaUj : deltaUj + this.#rangeUj;
    this.#lastUj = nowUj;
    return this.#totalUj;
  }
}

function readNumber(path: string): number {
  const text = readFileSync(path, "utf8").trim();
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw new Error(`${path}: expected a number, found "${text}"`);
  return value;
}
