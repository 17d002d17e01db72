import { type Corruption, corrupt, drawMix, type Manifest, randomAt, shuffled } from "@meanet/models";
import type { FrameSource } from "../replay/frame-source.ts";
import type { Phase, Plan } from "./plan.ts";
import type { Pool } from "./pools.ts";

/** Each draws from a random sequence of its own. */
const DRAW = 1;
const NOISE = 2;
const LABELS = 3;
const JUDGED = 4;

/** Frames drawn ahead for a phase that goes on until the edge has learned; then they begin again. */
const DRAWN_AHEAD = 20_000;

/** What the camera sees in a phase. */
export function phaseSource(pool: Pool, manifest: Manifest, plan: Plan, phase: Phase): FrameSource {
  const { hardClasses, classes } = manifest;
  const count = phase.untilLearned ? Math.max(DRAWN_AHEAD, phase.frames) : phase.frames;
  const order = drawMix(
    pool.images,
    pool.indices,
    { hardClasses, hardShare: phase.hardShare },
    count,
    randomAt(plan.seed, phase.seed, DRAW),
  );
  return framesOf(pool, order, classes, phase.light, (place) => [plan.seed, phase.seed, NOISE, place]);
}

/** Whether the true class of the frame at a place of a phase is told. */
export function isTold({ seed }: Plan, phase: Phase, place: number): boolean {
  return randomAt(seed, phase.seed, LABELS, place).next() < phase.labelShare;
}

export interface JudgedSources {
  /** Every class as often as in the pool. */
  readonly clean: FrameSource;
  /** Its frames of hard classes, in low light: the same pictures and the same noise whenever they are judged. */
  readonly shiftedHard: FrameSource;
}

export function judgedSources(pool: Pool, manifest: Manifest, plan: Plan): JudgedSources {
  const { classes } = manifest;
  const isHard = new Set(manifest.hardClasses);
  const order = shuffled(pool.indices, randomAt(plan.seed, JUDGED, DRAW)).subarray(0, plan.judged);
  const hard = order.filter((index) => isHard.has(pool.images.labels[index]!));
  return {
    clean: framesOf(pool, order, classes, undefined, () => []),
    shiftedHard: framesOf(pool, hard, classes, plan.light, (place) => [plan.seed, JUDGED, NOISE, place]),
  };
}

/** Raw bytes of the model's input, frame by frame of `order`, begun again at its end. */
function framesOf(
  { images }: Pool,
  order: Uint32Array,
  classes: readonly string[],
  light: Corruption | undefined,
  noise: (place: number) => readonly number[],
): FrameSource {
  const bytes = images.shape.reduce((product, dim) => product * dim, 1);
  return {
    count: order.length,
    at(place) {
      const index = order[place % order.length]!;
      const planes = images.images.slice(index * bytes, (index + 1) * bytes);
      const classIndex = images.labels[index]!;
      const payload =
        light === undefined ? planes : corrupt(planes, images.shape, light, randomAt(...noise(place)));
      return { payload, classIndex, label: classes[classIndex]! };
    },
  };
}
