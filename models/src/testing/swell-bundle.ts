/**
 * As the quadrants, of sensor windows: four channels of 16 readings, of class c when channel c swells.
 */
import type { Bundle } from "../bundle/bundle.ts";
import { brightParts, writeUntrainedBundle } from "./untrained-bundle.ts";

const SHAPE = [4, 16] as const;
const [CHANNELS, READINGS] = SHAPE;
const CLASSES = ["north", "east", "south", "west"];

/** Window i is of class i mod 4: raw readings, windows one after the other. */
export function swellWindows(
  windows: number,
  seed: number,
): { readonly labels: readonly number[]; readonly frames: Float32Array } {
  const of = { frames: windows, length: CHANNELS * READINGS, seed };
  const { labels, values } = brightParts(of, (place) => Math.floor(place / READINGS));
  return { labels, frames: Float32Array.from(values, (value) => value / 100) };
}

export function writeSwellBundle(dir: string): Promise<Bundle> {
  return writeUntrainedBundle(dir, {
    name: "swells",
    input: { kind: "window", shape: [...SHAPE], mean: [1, 1, 1, 1], std: [0.6, 0.6, 0.6, 0.6], rateHz: 50 },
    classes: CLASSES,
    hardClasses: [0, 1, 2, 3],
    threshold: 10,
    reference: swellWindows(40, 1),
  });
}
