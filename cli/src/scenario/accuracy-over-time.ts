import type { PhaseName } from "./plan.ts";

/** Accuracy over one window of frames. */
export interface AccuracyPoint {
  readonly phase: PhaseName;
  /** Of the middle of the window, since the stream began. */
  readonly atS: number;
  readonly frames: number;
  /** 0 to 1. */
  readonly accuracy: number;
}

/** Gathers answers into windows of equal size, phase by phase; a rest of at least half a window counts as one. */
export class AccuracyOverTime {
  readonly #windowFrames: number;
  readonly #points: AccuracyPoint[] = [];
  #phase: PhaseName = "clean";
  #window: { readonly atS: number; readonly right: boolean }[] = [];

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

  add(right: boolean, atS: number): void {
    this.#window.push({ atS, right });
    if (this.#window.length === this.#windowFrames) this.#close();
  }

  end(): void {
    if (this.#window.length > 0 && this.#window.length >= this.#windowFrames / 2) this.#close();
    this.#window = [];
  }

  #close(): void {
    const window = this.#window;
    this.#points.push({
      phase: this.#phase,
      atS: (window[0]!.atS + window.at(-1)!.atS) / 2,
      frames: window.length,
      accuracy: window.filter(({ right }) => right).length / window.length,
    });
    this.#window = [];
  }
}
