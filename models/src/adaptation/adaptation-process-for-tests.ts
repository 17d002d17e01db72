/**
 * A process of its own for one training, to see what it holds at most.
 *
 * Arguments: folder of a bundle of pictures, items, batch. Output: one JSON line, {@link AdaptationMemory}.
 */

import { readFileSync } from "node:fs";
import { openSession } from "@meanet/inference/session";
import { loadBundle } from "../bundle/bundle.ts";
import { inputDims } from "../bundle/manifest.ts";
import { elementCount } from "../element-count.ts";
import { adapt } from "./adapt.ts";
import { extensionPart } from "./learnable.ts";
import { adaptationBytes } from "./memory.ts";

/** Bytes. */
export interface AdaptationMemory {
  /** By arithmetic, as a node decides by. */
  readonly estimated: number;
  /** Resident before the training, a session having been open once. */
  readonly before: number;
  /** The most that was ever resident. */
  readonly peak: number;
}

const [folder = "", items = "", batch = ""] = process.argv.slice(2);
const bundle = await loadBundle(folder);
const { hardClasses, input } = bundle.manifest;
await (await openSession(bundle.files.main)).close();
const length = elementCount(inputDims(input));
const tensors = Float32Array.from({ length: Number(items) * length }, (_, at) => (at * 0.6180339887) % 1);
const labels = Array.from({ length: Number(items) }, (_, at) => hardClasses[at % hardClasses.length]!);
const estimated = adaptationBytes(
  bundle,
  extensionPart(bundle, hardClasses.length),
  Number(items),
  Number(batch),
);
const before = status("VmRSS");
await adapt(
  {
    bundle,
    hardClasses,
    items: {
      tensors,
      labels,
      weights: labels.map(() => 1),
      heldOut: labels.map((_, at) => at % 4 === 0),
    },
    recipe: {
      epochs: 1,
      learningRate: 0.01,
      batch: Number(batch),
      replay: 0,
      statistics: "recomputed",
      seed: 1,
    },
    maxComputeMs: 600_000,
    maxBytes: 2 ** 40,
  },
  { gate: () => 0, nowMs: () => performance.now(), onStep: () => undefined },
);
const memory: AdaptationMemory = { estimated, before, peak: status("VmHWM") };
console.log(JSON.stringify(memory));

function status(field: "VmRSS" | "VmHWM"): number {
  const text = readFileSync("/proc/self/status", "utf8");
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]);
}
