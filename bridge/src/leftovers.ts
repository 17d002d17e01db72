import type { Model } from "./device-model.ts";

/** More than this are not ours to tidy up. */
const LIMIT = 10_000;

/**
 * What a bridge before this one announced and the broker has kept. Most of it comes back into the model by itself; what does not in
 * time is gone for good, and its announcement has to go too.
 */
export class Leftovers<T> {
  readonly #found = new Map<string, { readonly what: T; readonly at: number }>();

  /** A retained announcement of the device `key` was there at the start. */
  note(key: string, what: T, at: number): void {
    if (this.#found.has(key) || this.#found.size < LIMIT) {
      this.#found.set(key, { what, at: this.#found.get(key)?.at ?? at });
    }
  }

  /** Those whose device has not come back in `forgetMs`; each is told once. */
  takeGone(model: Model, at: number, forgetMs: number): T[] {
    const gone: T[] = [];
    for (const [key, found] of this.#found) {
      const isBack = model.devices.has(key);
      if (!isBack && at - found.at < forgetMs) continue;
      this.#found.delete(key);
      if (!isBack) gone.push(found.what);
    }
    return gone;
  }
}
