import { readFileSync } from "node:fs";

/** Memory of one process, from `/proc/PID/status`. */
export interface ProcessMemory {
  /** Of a child its `--node`, else its command: `edge-1`, `broker`, `up`, `node-red`. */
  readonly name: string;
  readonly residentBytes: number;
  /** The most it has held since its start. */
  readonly peakBytes: number;
}

/** A process and all its descendants; empty where there is no `/proc`. */
export function memoryOfTree(pid: number): ProcessMemory[] {
  if (process.platform !== "linux") return [];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const below = children === "" ? [] : children.split(" ").flatMap((child) => memoryOfTree(Number(child)));
  return [memoryOf(pid), ...below];
}

function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  const bytes = (field: string) =>
    1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  const node = args.indexOf("--node");
  return {
    // Node-RED has one word of its own, and nothing behind it.
    name: (node < 0 ? args[2] : args[node + 1]) || args[0] || String(pid),
    residentBytes: bytes("VmRSS"),
    peakBytes: bytes("VmHWM"),
  };
}
