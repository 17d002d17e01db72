import { thumbnailType } from "@meanet/protocol";
import type { Logger } from "@meanet/runtime";
import type { Album, Kept, Thumbnail, ThumbnailName } from "./album.ts";

export interface ThumbnailIntakeOptions {
  readonly album: Pick<Album, "put" | "expire">;
  readonly maxBytes: number;
  /** Between two looks at their age. */
  readonly checkIntervalMs: number;
  readonly onKept: (kept: Kept) => void;
  /** Left out: no picture by its bytes, too many waited, or it could not be stored. */
  readonly onLeftOut: (reason: "thumbnail-refused" | "thumbnail-lost", count: number) => void;
  readonly log: Logger;
}

/** Most thumbnails that wait for the current turn of the event loop to end. */
const WAITING = 256;

/**
 * From messages to the album: what arrives in one turn of the event loop is one transaction. Thumbnails are expendable: one that cannot
 * be stored is left out and counted.
 */
export class ThumbnailIntake {
  readonly #options: ThumbnailIntakeOptions;
  readonly #timer: NodeJS.Timeout;
  #waiting: Thumbnail[] = [];
  #immediate: NodeJS.Immediate | undefined;
  #failing = false;

  constructor(options: ThumbnailIntakeOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#expire(), options.checkIntervalMs);
    this.#expire();
  }

  offer(name: ThumbnailName, bytes: Uint8Array): void {
    const { maxBytes, onLeftOut } = this.#options;
    const type = bytes.byteLength > maxBytes ? undefined : thumbnailType(bytes);
    if (type === undefined) {
      onLeftOut("thumbnail-refused", 1);
      return;
    }
    if (this.#waiting.length >= WAITING) {
      onLeftOut("thumbnail-lost", 1);
      return;
    }
    this.#waiting.push({ ...name, type, bytes });
    this.#immediate ??= setImmediate(() => this.flush());
  }

  /** Stores what waits. */
  flush(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    const thumbnails = this.#waiting;
    if (thumbnails.length === 0) return;
    this.#waiting = [];
    this.#attempt(
      (album) => this.#options.onKept(album.put(thumbnails, Date.now())),
      () => this.#options.onLeftOut("thumbnail-lost", thumbnails.length),
    );
  }

  stop(): void {
    clearInterval(this.#timer);
    this.flush();
  }

  #expire(): void {
    this.#attempt((album) => this.#options.onKept({ kept: 0, expired: album.expire(Date.now()) }));
  }

  /** Logs the first failure, and the recovery. */
  #attempt(work: (album: ThumbnailIntakeOptions["album"]) => void, onFailed?: () => void): void {
    const { album, log } = this.#options;
    try {
      work(album);
      if (this.#failing) log.info("thumbnails can be stored again");
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.error({ err: error }, "thumbnails cannot be stored; left out until they can");
      this.#failing = true;
      onFailed?.();
    }
  }
}
