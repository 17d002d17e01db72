/**
 * A process of its own for one case: opens a training step from a file as a training thread does, runs it, and prints what
 * the kernel says it held.
 *
 * Arguments: the ONNX file, the number of steps. Output: one JSON line, {@link StepMemory}.
 */
import { readFileSync } from "node:fs";
import { openSession, Tensor } from "@meanet/inference/session";
import { stepSession } from "@meanet/models";

/** Bytes, by `/proc/self/status`. */
export interface StepMemory {
  /** Resident before the step was opened: Node, ONNX Runtime, this program. */
  readonly beforeBytes: number;
  /** The most that was ever resident, opening included. */
  readonly peakBytes: number;
}

const [file = "", steps = "3"] = process.argv.slice(2);
const beforeBytes = status("VmRSS");
const session = await openSession(file, stepSession);
const feeds = Object.fromEntries(
  session.inputs.map(({ name, type, shape }) => [name, filled(type, shape.map(Number))]),
);
for (let step = 0; step < Number(steps); step++) {
  const { loss } = await session.run(feeds);
  const [value] = loss!.data as Float32Array;
  if (!Number.isFinite(value)) throw new Error(`the loss of step ${step} is ${value}: nothing was trained`);
}
const memory: StepMemory = { beforeBytes, peakBytes: status("VmHWM") };
console.log(JSON.stringify(memory));
await session.close();

/** Targets are class 0; the rest are small numbers of both signs, spread by an irrational step. */
function filled(type: Tensor.Type, shape: readonly number[]): Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  if (type === "int64") return new Tensor("int64", new BigInt64Array(length), shape);
  const data = new Float32Array(length);
  for (let at = 0; at < length; at++) data[at] = ((at * 0.6180339887) % 1) - 0.5;
  return new Tensor("float32", data, shape);
}

function status(field: "VmRSS" | "VmHWM"): number {
  const text = readFileSync("/proc/self/status", "utf8");
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]);
}
