import type { ScoredFrame } from "./score.ts";

/** Edge and cloud together at one threshold; joules and bytes are means per frame, at the edge. */
export interface CurvePoint {
  /** T, nats. */
  readonly T: number;
  /** Share of the frames sent to the cloud. */
  readonly sent: number;
  readonly accuracy: number;
  readonly energyJ: number;
  readonly uplinkBytes: number;
}

/** What one run, or one frame sent, costs the edge. */
export interface EdgeCosts {
  readonly mainJ: number;
  /** Adaptive and extension together. */
  readonly extensionJ: number;
  readonly uploadJ: number;
  /** Of one frame as it is sent. */
  readonly frameBytes: number;
}

const GRID = [
  0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3,
  3.5, 4,
];

/** Thresholds to look at, ascending: 0 (every frame is sent), a grid, the bundle's own, ln C (none is). */
export function curveThresholds(classes: number, own: number): number[] {
  const most = Math.log(classes);
  const inside = [...GRID, own].filter((threshold) => threshold > 0 && threshold < most);
  return [0, ...new Set(inside.sort((a, b) => a - b)), most];
}

/**
 * One point: frames of entropy above T take the cloud's answer and cost main and the upload; the others take the edge's own
 * answer and cost main, and the extension when it runs.
 *
 * @param frames - each with a cloud answer
 */
export function curvePoint(frames: readonly ScoredFrame[], threshold: number, costs: EdgeCosts): CurvePoint {
  let sent = 0;
  let right = 0;
  let extensionRuns = 0;
  for (const frame of frames) {
    const complex = frame.entropy > threshold;
    sent += complex ? 1 : 0;
    extensionRuns += !complex && frame.calledHard ? 1 : 0;
    right += (complex ? frame.cloudClass : frame.edgeClass) === frame.label ? 1 : 0;
  }
  const n = frames.length;
  return {
    T: threshold,
    sent: sent / n,
    accuracy: right / n,
    energyJ: costs.mainJ + (extensionRuns / n) * costs.extensionJ + (sent / n) * costs.uploadJ,
    uplinkBytes: (sent / n) * costs.frameBytes,
  };
}
