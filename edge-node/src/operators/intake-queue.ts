import type { Frame } from "../stages.ts";

/** Frames in order of arrival, at most `limit`; when full, QoS 0 gives way, oldest first per device. */
export class IntakeQueue {
  readonly #limit: number;
  readonly #frames = new Set<Frame>();
  /** Waiting QoS 0 frames by device, oldest first; no empty sets. */
  readonly #expendable = new Map<string, Set<Frame>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#frames.size;
  }

  /** @returns the frame that has no room: another one, `frame` itself, or none */
  push(frame: Frame): Frame | undefined {
    let loser: Frame | undefined;
    if (this.#frames.size >= this.#limit) {
      loser = this.#oldestExpendable(frame.device);
      if (loser === undefined) return frame;
      this.#delete(loser);
    }
    this.#frames.add(frame);
    if (frame.qos === 0) {
      const own = this.#expendable.get(frame.device) ?? new Set();
      this.#expendable.set(frame.device, own.add(frame));
    }
    return loser;
  }

  shift(): Frame | undefined {
    const [frame] = this.#frames;
    if (frame !== undefined) this.#delete(frame);
    return frame;
  }

  #oldestExpendable(device: string): Frame | undefined {
    let from = this.#expendable.get(device);
    if (from === undefined) {
      for (const frames of this.#expendable.values()) {
        if (from === undefined || frames.size > from.size) from = frames;
      }
    }
    const [oldest] = from ?? [];
    return oldest;
  }

  #delete(frame: Frame): void {
    this.#frames.delete(frame);
    const own = this.#expendable.get(frame.device);
    if (own?.delete(frame) && own.size === 0) this.#expendable.delete(frame.device);
  }
}
