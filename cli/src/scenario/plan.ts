import { type Corruption, lowLight } from "@meanet/models";
import type { LowLightConfig } from "./config.ts";

const phaseNames = ["clean", "shifted", "adapted"] as const;
export type PhaseName = (typeof phaseNames)[number];

/** A stretch of the stream that the edge answers under its normal policy. */
export interface Phase {
  readonly name: PhaseName;
  /** Frames that it has at least; the shifted one goes on until the edge has learned, or patience ends. */
  readonly frames: number;
  readonly untilLearned: boolean;
  readonly light: Corruption;
  /** Share of frames whose true class is hard. */
  readonly hardShare: number;
  /** Share of frames whose true class is told. */
  readonly labelShare: number;
  /** Sets its frames, noise and labels apart from those of the other phases. */
  readonly seed: number;
}

/** What the scenario does, as data. */
export interface Plan {
  readonly seed: number;
  readonly light: Corruption;
  readonly phases: readonly Phase[];
  readonly judged: number;
  /** Labelled frames of hard classes at which the edge trains. */
  readonly items: number;
  readonly patienceMs: number;
  /** Frames of hard classes that make one point of accuracy over time. */
  readonly windowFrames: number;
}

/** In poor light people hold up what the edge finds hard: the mix shifts with the light. */
const SHIFTED_HARD_SHARE = 0.8;

/**
 * Frames under way: the camera waits for answers rather than flood an edge on a busy machine, which would put off its training until
 * the flood is over.
 */
export const UNDER_WAY = 6;
/** Length of a turn of the edge alone, or with the cloud, at the camera's rate. */
export const TURN_S = 0.75;

const DEFAULT_ITEMS = { true: 800, teacher: 400 };

/** Points of accuracy over time in a phase, for each of the two who answer in turns; and frames of a point, at most. */
const POINTS_OF_A_PHASE = 2;
const MAX_WINDOW_FRAMES = 100;

/** @param naturalHardShare - of the data set, and of the clean phase */
export function planLowLight(config: LowLightConfig, naturalHardShare: number): Plan {
  const { seed, frames, severity, judged, patienceS } = config;
  const light = lowLight(severity);
  const shifted = {
    frames,
    light,
    hardShare: Math.max(SHIFTED_HARD_SHARE, naturalHardShare),
    labelShare: config.labels === "true" ? config.labelShare : 0,
  };
  const cleanHardFrames = Math.max(1, Math.floor(frames * naturalHardShare));
  return {
    seed,
    light,
    judged,
    items: config.items ?? DEFAULT_ITEMS[config.labels],
    patienceMs: patienceS * 1_000,
    windowFrames: Math.min(MAX_WINDOW_FRAMES, Math.ceil(cleanHardFrames / 2 / POINTS_OF_A_PHASE)),
    phases: [
      {
        name: "clean",
        frames,
        untilLearned: false,
        light: lowLight(0),
        hardShare: naturalHardShare,
        labelShare: 0,
        seed: 1,
      },
      { name: "shifted", ...shifted, untilLearned: true, seed: 2 },
      { name: "adapted", ...shifted, untilLearned: false, seed: 3 },
    ],
  };
}
