import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { median } from "../statistics.ts";
import type { MemoryCase } from "./cases.ts";
import type { StepMemory } from "./step-process.ts";

const STEPS = 3;

/** One case, bytes. */
export interface MemoryFigures extends Pick<MemoryCase, "name" | "what" | "computed"> {
  /** Peak of the process less what it held before the step was opened: median over the processes. */
  readonly measuredBytes: number;
  /** Of each process. */
  readonly processes: readonly StepMemory[];
}

/**
 * Trains a few steps of a case in processes of their own, one after the other: what one of them keeps is not counted for the
 * next. Linux only.
 */
export async function measureCase(given: MemoryCase, processes: number): Promise<MemoryFigures> {
  const { name, what, computed } = given;
  const folder = await mkdtemp(join(tmpdir(), "meanet-memory-"));
  try {
    const file = join(folder, "step.onnx");
    await writeFile(file, given.step());
    const measured: StepMemory[] = [];
    for (let process = 0; process < processes; process++) measured.push(await runSteps(file));
    const measuredBytes = median(measured.map(({ beforeBytes, peakBytes }) => peakBytes - beforeBytes));
    return { name, what, computed, measuredBytes, processes: measured };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runSteps(file: string): Promise<StepMemory> {
  const script = join(import.meta.dirname, "step-process.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, file, String(STEPS)]);
  return JSON.parse(stdout) as StepMemory;
}
