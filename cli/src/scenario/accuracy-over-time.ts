import type { Verdict } from "@meanet/protocol";
import type { PhaseName } from "./plan.ts";

/** Accuracy on hard classes over one window of frames. */
export interface AccuracyPoint {
  readonly phase: PhaseName;
  /** Of the middle of the window, since the stream began. */
  readonly atS: number;
  readonly frames: number;
  /** Of the edge's own answers, 0 to 1. */
  readonly edge: number;
  /** Of the final answers, those of the cloud included. */
  readonly final: number;
}

/** A frame of a hard class that was answered. */
export interface JudgedAnswer {
  readonly atS: number;
  readonly edgeRight: boolean;
  readonly finalRight: boolean;
}

/** A verdict of a frame that was in the cloud, and the edge's own answer that went before it: whose class is whose? */
export function judgeAnswer(
  classIndex: number,
  final: Verdict,
  provisional: Verdict | undefined,
): Omit<JudgedAnswer, "atS"> | undefined {
  if (final.outcome !== "answered") return undefined;
  const own = final.exit === "cloud" ? provisional : final;
  // The edge's own answer to a complex frame was not published: nothing can be said of it.
  if (own?.outcome !== "answered") return undefined;
  return { edgeRight: own.classIndex === classIndex, finalRight: final.classIndex === classIndex };
}

/** Gathers answers into windows of equal size, phase by phase; a rest of at least half a window counts as one. */
export class AccuracyOverTime {
  readonly #windowFrames: number;
  readonly #points: AccuracyPoint[] = [];
  #phase: PhaseName = "clean";
  #window: JudgedAnswer[] = [];

  constructor(windowFrames: number) {
    this.#windowFrames = windowFrames;
  }

  get points(): readonly AccuracyPoint[] {
    return this.#points;
  }

  begin(phase: PhaseName): void {
    this.end();
    this.#phase = phase;
  }

  add(answer: JudgedAnswer): void {
    this.#window.push(answer);
    if (this.#window.length === this.#windowFrames) this.#close();
  }

  end(): void {
    if (this.#window.length > 0 && this.#window.length >= this.#windowFrames / 2) this.#close();
    this.#window = [];
  }

  #close(): void {
    const window = this.#window;
    const frames = window.length;
    this.#points.push({
      phase: this.#phase,
      atS: (window[0]!.atS + window.at(-1)!.atS) / 2,
      frames,
      edge: window.filter(({ edgeRight }) => edgeRight).length / frames,
      final: window.filter(({ finalRight }) => finalRight).length / frames,
    });
    this.#window = [];
  }
}
