import { MAX_THUMBNAIL_BYTES } from "@meanet/protocol";
import type { Extended, Settled } from "../stages.ts";
import { Choice } from "./choice.ts";
import type { ThumbnailsConfig } from "./config.ts";

type Answered = Settled | Extended;

export interface ThumbnailsOptions {
  readonly config: ThumbnailsConfig;
  /** Undefined: there is nothing to show. */
  readonly make: (item: Answered) => Promise<Uint8Array | undefined>;
  /** False when it was not sent. */
  readonly publish: (device: string, id: string, thumbnail: Uint8Array) => Promise<boolean>;
  /** One was sent, with so many bytes. */
  readonly onPublished: (bytes: number) => void;
  /** A chosen frame got none: too many waited, it could not be made, or it was not sent. */
  readonly onLeftOut: (reason: LeftOut, error?: unknown) => void;
  /** Of a monotonic clock. */
  readonly nowMs: () => number;
}

export type LeftOut = "busy" | "failed" | "unsent";

/**
 * Publishes small pictures of some frames, for people.
 *
 * Beside the pipeline: `observe` only chooses and queues; one thumbnail is made at a time, after the work on the verdict; what does not
 * fit into the queue is left out and counted. Only queued frames keep their payloads.
 */
export class Thumbnails {
  readonly #options: ThumbnailsOptions;
  readonly #choice: Choice;
  readonly #waiting: Answered[] = [];
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(options: ThumbnailsOptions) {
    this.#options = options;
    this.#choice = new Choice(options.config);
  }

  /** A frame has its answer. Never throws. */
  observe(item: Answered): void {
    if (this.#closed || this.#choice.isOff) return;
    try {
      this.#choose(item);
    } catch (error) {
      this.#options.onLeftOut("failed", error);
    }
  }

  /** Resolves when none waits or is under way. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Drops what waits, and finishes the one under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    await this.#working;
  }

  #choose(item: Answered): void {
    const { device } = item.frame;
    if (!this.#choice.takes({ device, cloud: cloudOpinion(item) }, this.#options.nowMs())) return;
    if (this.#waiting.length >= this.#options.config.waiting) {
      this.#options.onLeftOut("busy");
      return;
    }
    this.#waiting.push(item);
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    // The frame that just came is still being concluded and recorded: that goes first.
    await new Promise((resolve) => setImmediate(resolve));
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      await this.#publish(item);
    }
    this.#working = undefined;
  }

  async #publish(item: Answered): Promise<void> {
    const { make, publish, onPublished, onLeftOut } = this.#options;
    try {
      const thumbnail = await make(item);
      if (thumbnail === undefined) return;
      if (thumbnail.byteLength > MAX_THUMBNAIL_BYTES) onLeftOut("failed");
      else if (await publish(item.frame.device, item.frame.id, thumbnail)) onPublished(thumbnail.byteLength);
      else onLeftOut("unsent");
    } catch (error) {
      onLeftOut("failed", error);
    }
  }
}

/** Whether the cloud saw in the frame what the edge saw; the edge's own answer is main's, or the extension's where it ran. */
function cloudOpinion(item: Answered): "agreed" | "disagreed" | undefined {
  const best = item.answer?.classes[0];
  if (best === undefined) return undefined;
  const own = item.model.decide(item.p1, item.stage === "extended" ? item.p2 : undefined);
  return own.classIndex === best.classIndex ? "agreed" : "disagreed";
}
