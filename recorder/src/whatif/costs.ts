import type { AnsweredFrame } from "./frame-ways.ts";

/** What a frame costs; null: nothing recorded tells. */
export interface Cost {
  /** Main and extension. */
  readonly edgeJ: number | null;
  readonly uplinkJ: number | null;
  readonly cloudJ: number | null;
  readonly uplinkBytes: number | null;
  /** Whether all of it is recorded, of this very frame. */
  readonly recorded: boolean;
}

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number | null): void {
    if (value === null) return;
    this.#sum += value;
    this.#count += 1;
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }
}

/** Means of the parts of what frames cost. */
class Parts {
  readonly main = new Mean();
  /** Over the frames that it ran for. */
  readonly extension = new Mean();
  /** Main, and the extension where it ran, of frames that stayed. */
  readonly stayed = new Mean();
  readonly cloud = new Mean();
  /** Beyond the frame itself: head of the item, and all attempts after the first. */
  readonly overhead = new Mean();
  readonly sentBytes = new Mean();
  #uplinkJ = 0;
  #uplinkBytes = 0;

  constructor(frames: readonly AnsweredFrame[]) {
    for (const frame of frames) this.#add(frame);
  }

  /** The model of the radio is linear in bytes. */
  get jPerByte(): number | null {
    return this.#uplinkBytes === 0 ? null : this.#uplinkJ / this.#uplinkBytes;
  }

  #add(frame: AnsweredFrame): void {
    const { edgeJ, extensionJ, uplinkBytes, frameBytes } = frame;
    this.main.add(mainJ(frame));
    if (frame.extended) this.extension.add(extensionJ);
    if (!frame.asked) this.stayed.add(edgeJ);
    if (frame.byCloud) this.cloud.add(frame.cloudJ);
    if (uplinkBytes > 0) {
      this.sentBytes.add(uplinkBytes);
      this.overhead.add(frameBytes === null ? null : uplinkBytes - frameBytes);
      this.#uplinkJ += frame.uplinkJ;
      this.#uplinkBytes += uplinkBytes;
    }
  }
}

/**
 * What frames cost if they stay at the edge, or are sent. A cost that was not incurred, and so is not recorded, is taken as the mean of
 * what other frames cost: of the same edge node and bundle, else of all.
 */
export class Costs {
  readonly #all: Parts;
  readonly #by: ReadonlyMap<string, Parts>;

  constructor(frames: readonly AnsweredFrame[]) {
    this.#all = new Parts(frames);
    const groups = Map.groupBy(frames, ({ costOf }) => costOf);
    this.#by = new Map(Array.from(groups, ([costOf, own]) => [costOf, new Parts(own)]));
  }

  staying(frame: AnsweredFrame): Cost {
    const { edgeAnswer } = frame;
    const nothingSent = { uplinkJ: 0, cloudJ: 0, uplinkBytes: 0 };
    if (!frame.byCloud) return { edgeJ: frame.edgeJ, ...nothingSent, recorded: true };
    if (edgeAnswer === null) {
      return { edgeJ: this.#mean(frame, ({ stayed }) => stayed.value), ...nothingSent, recorded: false };
    }
    const main = this.#mainJ(frame);
    if (edgeAnswer.complete) return { edgeJ: main, ...nothingSent, recorded: frame.extensionJ !== null };
    const extension = this.#mean(frame, (parts) => parts.extension.value);
    return { edgeJ: plus(main, extension), ...nothingSent, recorded: false };
  }

  sent(frame: AnsweredFrame): Cost {
    const { edgeJ, uplinkJ, cloudJ, uplinkBytes, frameBytes } = frame;
    if (frame.asked) return { edgeJ, uplinkJ, cloudJ, uplinkBytes, recorded: true };
    const overhead = this.#mean(frame, (parts) => parts.overhead.value);
    const bytes =
      frameBytes === null
        ? this.#mean(frame, ({ sentBytes }) => sentBytes.value)
        : plus(frameBytes, overhead);
    const jPerByte = this.#mean(frame, (parts) => parts.jPerByte);
    return {
      edgeJ: this.#mainJ(frame),
      uplinkJ: bytes === null || jPerByte === null ? null : bytes * jPerByte,
      cloudJ: this.#mean(frame, ({ cloud }) => cloud.value),
      uplinkBytes: bytes,
      recorded: false,
    };
  }

  #mainJ(frame: AnsweredFrame): number | null {
    return mainJ(frame) ?? this.#mean(frame, ({ main }) => main.value);
  }

  #mean({ costOf }: AnsweredFrame, of: (parts: Parts) => number | null): number | null {
    const own = this.#by.get(costOf);
    return (own && of(own)) ?? of(this.#all);
  }
}

/** Null where only the sum with the extension was told. */
function mainJ({ edgeJ, extensionJ, extended }: AnsweredFrame): number | null {
  if (!extended) return edgeJ;
  return extensionJ === null ? null : edgeJ - extensionJ;
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
