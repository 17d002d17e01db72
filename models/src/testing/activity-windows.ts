/**
 * Sensor windows of nobody in the form of UCI HAR, whose own may not be copied: each class swings at a frequency of its own about a
 * posture of its own, each subject with a strength of theirs, under noise.
 */
import type { LabelledWindows } from "../data/dataset.ts";
import { writeCompactPart } from "../data/uci-har-compact.ts";
import { uciHarShape } from "../data/uci-har-part.ts";
import { normal, randomAt } from "../training/random.ts";

/** The classes of {@link activityWindows}, named as in UCI HAR. */
export const activities: readonly string[] = [
  "WALKING",
  "WALKING_UPSTAIRS",
  "WALKING_DOWNSTAIRS",
  "SITTING",
  "STANDING",
  "LAYING",
];

const RATE_HZ = 50;
const NOISE = 0.2;

export interface ActivityWindows {
  /** A whole number of windows of each class and subject: 2 by default. */
  readonly each?: number;
  /** 8 by default, numbered from 1; their windows come one subject after the other. */
  readonly subjects?: number;
  /** Equal seeds give equal windows. */
  readonly seed?: number;
}

export function activityWindows({ each = 2, subjects = 8, seed = 1 }: ActivityWindows = {}): LabelledWindows {
  const [channels, readings] = uciHarShape;
  const length = channels * readings;
  const count = each * subjects * activities.length;
  const windows = new Float32Array(new SharedArrayBuffer(4 * count * length));
  const labels = new Uint8Array(new SharedArrayBuffer(count));
  const wearers = new Uint8Array(new SharedArrayBuffer(count));
  for (let index = 0; index < count; index++) {
    const label = index % activities.length;
    const wearer = 1 + Math.floor(index / (each * activities.length));
    labels[index] = label;
    wearers[index] = wearer;
    const random = randomAt(seed, index);
    const phase = 2 * Math.PI * random.next();
    const strength = randomAt(seed, wearer, 0x5b).next() * 0.5 + 0.5;
    for (let at = 0; at < length; at++) {
      const [channel, timeS] = [Math.floor(at / readings), (at % readings) / RATE_HZ];
      const posture = Math.cos(channel + label);
      const swing = strength * Math.sin(2 * Math.PI * (label + 1) * timeS + phase + channel);
      windows[index * length + at] = posture + swing + NOISE * normal(random);
    }
  }
  return { kind: "window", count, shape: uciHarShape, rateHz: RATE_HZ, windows, labels, subjects: wearers };
}

/** Writes such windows as the test part of a folder that `openDataset("uci-har", { from })` reads. */
export async function writeActivityWindows(folder: string, of?: ActivityWindows): Promise<LabelledWindows> {
  const windows = activityWindows(of);
  await writeCompactPart(folder, "test", activities, windows, [...windows.labels.keys()]);
  return windows;
}
