import type { ServedModel } from "../../model/served-model.ts";

/** An answered frame, kept for as long as its label may come. */
export interface KeptFrame {
  readonly device: string;
  readonly id: string;
  /** As the network saw it. */
  readonly tensor: Float32Array;
  /** F1. */
  readonly features: Float32Array;
  /** Main's distribution, shape [C]. */
  readonly p1: ArrayLike<number>;
  /** Bundle that answered it. */
  readonly model: Pick<ServedModel, "base" | "mainDigest">;
}

export interface FrameMemoryOptions {
  readonly frames: number;
  readonly bytes: number;
  readonly ageMs: number;
  /** On a clock that only runs forward. */
  readonly nowMs: () => number;
}

interface Held {
  readonly frame: KeptFrame;
  readonly atMs: number;
}

/**
 * Joins labels to frames, whichever comes first. Bounded in number, bytes and age: the oldest go first, and are not learned from.
 */
export class FrameMemory {
  readonly #options: FrameMemoryOptions;
  readonly #frames = new Map<string, Held>();
  readonly #labels = new Map<string, { readonly label: string | number; readonly atMs: number }>();
  #bytes = 0;

  constructor(options: FrameMemoryOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#frames.size;
  }

  /** Keeps a frame, or returns the label that came before it; a labelled frame need not be kept. */
  keep(frame: KeptFrame): string | number | undefined {
    const key = keyOf(frame);
    const early = this.#labels.get(key);
    if (early !== undefined) {
      this.#labels.delete(key);
      return early.label;
    }
    this.#forget(key);
    this.#frames.set(key, { frame, atMs: this.#options.nowMs() });
    this.#bytes += bytesOf(frame);
    this.#trim();
    return undefined;
  }

  /** Returns the frame that a label is for; else keeps the label for the frame to come. */
  claim(
    name: { readonly device: string; readonly id: string },
    label: string | number,
  ): KeptFrame | undefined {
    const key = keyOf(name);
    this.#trim();
    const held = this.#frames.get(key);
    if (held !== undefined) {
      this.#forget(key);
      return held.frame;
    }
    this.#labels.delete(key);
    this.#labels.set(key, { label, atMs: this.#options.nowMs() });
    if (this.#labels.size > this.#options.frames) this.#labels.delete(first(this.#labels));
    return undefined;
  }

  clear(): void {
    this.#frames.clear();
    this.#labels.clear();
    this.#bytes = 0;
  }

  #trim(): void {
    const { frames, bytes, ageMs, nowMs } = this.#options;
    const before = nowMs() - ageMs;
    for (const [key, { atMs }] of this.#frames) {
      if (this.#frames.size <= frames && this.#bytes <= bytes && atMs >= before) break;
      this.#forget(key);
    }
    for (const [key, { atMs }] of this.#labels) {
      if (atMs >= before) break;
      this.#labels.delete(key);
    }
  }

  #forget(key: string): void {
    const held = this.#frames.get(key);
    if (held === undefined) return;
    this.#frames.delete(key);
    this.#bytes -= bytesOf(held.frame);
  }
}

function keyOf({ device, id }: { readonly device: string; readonly id: string }): string {
  return `${device}/${id}`;
}

function bytesOf({ tensor, features }: KeptFrame): number {
  return tensor.byteLength + features.byteLength;
}

function first(map: ReadonlyMap<string, unknown>): string {
  for (const key of map.keys()) return key;
  throw new Error("empty");
}
