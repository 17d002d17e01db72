import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";

/** Where and with what a run was made, without names of hosts and folders. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()}`,
    /** Of the last minute, before the run began: what else the machine was doing. */
    loadBefore: loadavg()[0] ?? null,
    versions: versions(),
  };
}

const named = ["aedes", "mqtt", "onnxruntime-node", "rxjs"];

function versions(): Record<string, string> {
  const lock = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")) as {
    readonly version: string;
    readonly packages: Readonly<Record<string, { readonly version?: string }>>;
  };
  const installed = named.map((name) => [name, lock.packages[`node_modules/${name}`]?.version ?? "unknown"]);
  return { meanet: lock.version, node: process.versions.node, ...Object.fromEntries(installed) };
}
