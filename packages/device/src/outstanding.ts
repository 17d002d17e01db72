import type { Verdict } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";

/** The end of a frame, as its device saw it. */
export interface Answer {
  /** Final: an answer or a refusal. */
  readonly verdict: Verdict;
  /** From the first publication of the frame to the arrival of its final verdict. */
  readonly latencyMs: number;
  /** The edge's own answer while the cloud was being asked; undefined when there was none. */
  readonly provisional: { readonly verdict: Verdict; readonly latencyMs: number } | undefined;
}

interface Entry {
  readonly sentAtMs: number;
  provisional: Answer["provisional"];
  answer: Answer | undefined;
  readonly waiters: Set<(answer: Answer) => void>;
}

export interface OutstandingOptions {
  /** Frames remembered at a time, answered ones that nobody fetched included. */
  readonly limit: number;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
}

/**
 * The frames of a device between publication and final verdict.
 *
 * Bounded: beyond `limit` the oldest frame that nobody waits for is forgotten; when all are waited for, a new one is
 * refused.
 */
export class Outstanding {
  readonly #entries = new Map<string, Entry>();
  readonly #options: OutstandingOptions;

  constructor(options: OutstandingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Notes that a frame is about to be published; a frame published again keeps its first time. @throws {MeanetError} VERDICT_BACKLOG */
  expect(id: string): void {
    if (this.#entries.has(id)) return;
    if (this.#entries.size >= this.#options.limit) this.#forgetOldest();
    this.#entries.set(id, {
      sentAtMs: this.#options.now(),
      provisional: undefined,
      answer: undefined,
      waiters: new Set(),
    });
  }

  /** A frame that could not be published awaits nothing. */
  forget(id: string): void {
    this.#entries.delete(id);
  }

  /** Takes note of a verdict; one for a frame of somebody else, or a second final one, changes nothing. */
  arrived(verdict: Verdict): void {
    const entry = this.#entries.get(verdict.id);
    if (entry === undefined || entry.answer !== undefined) return;
    const latencyMs = this.#options.now() - entry.sentAtMs;
    if (!verdict.final) {
      entry.provisional ??= { verdict, latencyMs };
      return;
    }
    entry.answer = { verdict, latencyMs, provisional: entry.provisional };
    if (entry.waiters.size === 0) return;
    this.#entries.delete(verdict.id);
    for (const resolve of entry.waiters) resolve(entry.answer);
  }

  /**
   * The final verdict of a frame that was published. A frame that timed out stays expected: it may be published again
   * and awaited again.
   *
   * @throws {MeanetError} VERDICT_TIMEOUT, also at once for a frame that is unknown or was fetched before
   */
  wait(id: string, timeoutMs: number): Promise<Answer> {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      return Promise.reject(
        new MeanetError(
          "VERDICT_TIMEOUT",
          `frame ${id} awaits no verdict: it was not published here, or its verdict was fetched before`,
          { id },
        ),
      );
    }
    if (entry.answer !== undefined) {
      this.#entries.delete(id);
      return Promise.resolve(entry.answer);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        entry.waiters.delete(arrive);
        reject(
          new MeanetError(
            "VERDICT_TIMEOUT",
            `no final verdict for frame ${id} within ${timeoutMs} ms: check that an edge node of this site is online; publishing the same id again is safe`,
            { id, timeoutMs },
          ),
        );
      }, timeoutMs);
      const arrive = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      entry.waiters.add(arrive);
    });
  }

  #forgetOldest(): void {
    for (const [id, entry] of this.#entries) {
      if (entry.waiters.size > 0) continue;
      this.#entries.delete(id);
      return;
    }
    const { limit } = this.#options;
    throw new MeanetError(
      "VERDICT_BACKLOG",
      `${limit} frames await their verdict: publish more slowly, or check that an edge node of this site is online`,
      { limit },
    );
  }
}
