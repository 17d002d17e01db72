import type { Replay, Verdict } from "@meanet/protocol";
import type { Journal } from "./journal.ts";

export interface JournalReplayOptions {
  readonly journal: Pick<Journal, "name" | "rows">;
  /** Resolves when the broker has the verdict. */
  readonly publish: (verdict: Verdict) => Promise<unknown>;
  /** Rows in flight at once. */
  readonly pageRows: number;
  /** Requests that may wait; more are refused: a recorder that still misses rows asks again. */
  readonly maxWaiting: number;
  readonly onError: (error: unknown) => void;
}

/**
 * Publishes journal rows again when a recorder asks: page by page, each once the broker has the previous one, so that live verdicts
 * never wait behind a long history.
 */
export class JournalReplay {
  readonly #options: JournalReplayOptions;
  readonly #waiting: Replay[] = [];
  #work: Promise<void> | undefined;
  #stopped = false;

  constructor(options: JournalReplayOptions) {
    this.#options = options;
  }

  /** False when it is not this journal's, or too much waits already. */
  request(replay: Replay): boolean {
    const { journal, maxWaiting } = this.#options;
    if (this.#stopped || replay.journal !== journal.name) return false;
    // A recorder that is slow to see its rows asks for them again; answered each time, the next range would wait for all of it.
    if (this.#waiting.some(({ from, to }) => from === replay.from && to === replay.to)) return true;
    if (this.#waiting.length >= maxWaiting) return false;
    this.#waiting.push(replay);
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined;
    });
    return true;
  }

  /** Resolves when nothing is being replayed. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** Begins no other page, and does not wait for the one on its way, which a broker that is gone never takes: the recorder can ask again. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await this.#replay(next);
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }

  async #replay({ from, to }: Replay): Promise<void> {
    const { journal, publish, pageRows } = this.#options;
    let next = from;
    while (!this.#stopped) {
      const page = journal.rows(next, to, pageRows);
      const last = page.at(-1);
      if (last === undefined) return;
      await Promise.all(page.map(publish));
      next = last.seq + 1;
    }
  }
}
