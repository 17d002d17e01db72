import type { Frame } from "../stages.ts";

export interface QueueLimits {
  readonly frames: number;
  /** Of all payloads together. */
  readonly bytes: number;
}

/** Frames in order of arrival, bounded in number and bytes; when full, QoS 0 gives way, oldest first per device. */
export class IntakeQueue {
  readonly #limits: QueueLimits;
  readonly #frames = new Set<Frame>();
  /** Waiting QoS 0 frames by device, oldest first; no empty sets. */
  readonly #expendable = new Map<string, Set<Frame>>();
  #bytes = 0;
  #expendableBytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#frames.size;
  }

  /** @returns the frames that have no room: others, or `frame` itself and then nothing else */
  push(frame: Frame): Frame[] {
    const size = frame.payload.byteLength;
    const losers: Frame[] = [];
    if (this.#bytes - this.#expendableBytes + size > this.#limits.bytes) return [frame];
    while (this.#frames.size >= this.#limits.frames || this.#bytes + size > this.#limits.bytes) {
      const loser = this.#oldestExpendable(frame.device);
      if (loser === undefined) return [frame];
      this.#delete(loser);
      losers.push(loser);
    }
    this.#frames.add(frame);
    this.#bytes += size;
    if (frame.qos === 0) {
      this.#expendableBytes += size;
      const own = this.#expendable.get(frame.device) ?? new Set();
      this.#expendable.set(frame.device, own.add(frame));
    }
    return losers;
  }

  shift(): Frame | undefined {
    const [frame] = this.#frames;
    if (frame !== undefined) this.#delete(frame);
    return frame;
  }

  /** Of `device` when it has one, else of the device that has the most. */
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
    this.#bytes -= frame.payload.byteLength;
    const own = this.#expendable.get(frame.device);
    if (!own?.delete(frame)) return;
    this.#expendableBytes -= frame.payload.byteLength;
    if (own.size === 0) this.#expendable.delete(frame.device);
  }
}
