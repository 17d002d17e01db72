/** Joules of NVIDIA GPUs: NVML's power reading, as `nvidia-smi` prints it, summed up over time. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { EnergyMeter } from "./source.ts";

export interface NvidiaSmiOptions {
  /** Default `nvidia-smi`. */
  readonly command?: string;
  /** Between two readings. NVML itself averages over 25 to 1000 ms, by GPU. Default 200. */
  readonly intervalMs?: number;
  /** What the first reading may take: beside a driver that hangs the tool says nothing, for ever. Default 15,000. */
  readonly firstWithinMs?: number;
  /** Milliseconds that never go backwards. Default `performance.now`. */
  readonly now?: () => number;
  /** Told once when the readings stop before `close`: the joules stand still from there on. */
  readonly onLost?: (reason: string) => void;
}

const FIRST_WITHIN_MS = 15_000;

/**
 * Starts `nvidia-smi` in its loop and waits for the first reading.
 *
 * @returns undefined when the tool is missing, fails or says nothing in time, or its GPUs tell no power
 */
export async function openNvidiaSmi(options: NvidiaSmiOptions = {}): Promise<EnergyMeter | undefined> {
  const now = options.now ?? (() => performance.now());
  const child = spawn(
    options.command ?? "nvidia-smi",
    [
      "--query-gpu=index,power.draw",
      "--format=csv,noheader,nounits",
      `--loop-ms=${options.intervalMs ?? 200}`,
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const integrals = new Map<string, PowerIntegral>();
  let closed = false;
  const first = Promise.withResolvers<boolean>();
  const lose = (reason: string) => {
    first.resolve(false);
    if (!closed && integrals.size > 0) options.onLost?.(reason);
    closed = true;
  };
  child.on("error", (error) => lose(error.message));
  child.on("exit", (code, signal) => lose(`nvidia-smi ended with ${signal ?? code}`));
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const [gpu = "", power = ""] = line.split(",").map((part) => part.trim());
    const watts = Number(power); // "[N/A]" on GPUs that tell none
    if (power === "" || !Number.isFinite(watts)) return;
    let integral = integrals.get(gpu);
    if (integral === undefined) {
      integral = new PowerIntegral();
      integrals.set(gpu, integral);
    }
    integral.add(now(), watts);
    first.resolve(true);
  });
  lines.on("close", () => first.resolve(false));
  const close = () => {
    closed = true;
    child.kill();
  };
  const timer = setTimeout(() => first.resolve(false), options.firstWithinMs ?? FIRST_WITHIN_MS);
  const came = await first.promise;
  clearTimeout(timer);
  if (!came) {
    close();
    return undefined;
  }
  return {
    source: "measured:nvml",
    readJ: () => [...integrals.values()].reduce((sum, integral) => sum + integral.joules, 0),
    close,
  };
}

/** Watts over time to joules, by trapezoids between readings. */
export class PowerIntegral {
  #joules = 0;
  #last: { readonly atMs: number; readonly watts: number } | undefined;

  add(atMs: number, watts: number): void {
    if (this.#last !== undefined) {
      this.#joules += ((this.#last.watts + watts) / 2) * ((atMs - this.#last.atMs) / 1000);
    }
    this.#last = { atMs, watts };
  }

  get joules(): number {
    return this.#joules;
  }
}
