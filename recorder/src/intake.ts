import { isMeanetError, type Logger } from "@meanet/runtime";
import type { Observation, Store, Written } from "./store/store.ts";

interface Waiting {
  /** On the clock that only runs forward. */
  readonly sinceMs: number;
  readonly observation: Observation;
  readonly acknowledge: () => void;
}

export interface IntakeOptions {
  readonly store: Pick<Store, "write">;
  /** Messages that may wait; more are dropped and counted. */
  readonly limit: number;
  /** Most messages in one transaction. */
  readonly batch: number;
  readonly log: Logger;
  readonly onWritten: (written: Written) => void;
}

const RETRY_MS = 1000;

/**
 * From messages to rows: whatever waits when the store is free is the next batch, acknowledged once it is stored.
 *
 * While the store cannot be written, messages wait, up to the limit; beyond it new ones are dropped unacknowledged, and the verdicts
 * among them come back by replay. A row that the store refuses is dropped, logged and counted.
 */
export class Intake {
  readonly #options: IntakeOptions;
  #waiting: Waiting[] = [];
  #scheduled: { readonly cancel: () => void } | undefined;
  #error: Error | undefined;
  #dropped = 0;
  #refused = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** How long the oldest waiting message has waited; 0 when none waits. */
  get waitedMs(): number {
    const [first] = this.#waiting;
    return first === undefined ? 0 : performance.now() - first.sinceMs;
  }

  /** Messages dropped because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Messages whose row the store refused. */
  get refused(): number {
    return this.#refused;
  }

  /** Why the store cannot be written; undefined while it can. */
  get error(): Error | undefined {
    return this.#error;
  }

  offer(observation: Observation, acknowledge: () => void): void {
    if (this.#waiting.length >= this.#options.limit) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push({ sinceMs: performance.now(), observation, acknowledge });
    this.#schedule();
  }

  /** Stores what waits. @throws what the store throws when it cannot be written */
  flush(): void {
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
    while (this.#waiting.length > 0) this.#storeNext();
  }

  /** Stores what waits, without throwing. @returns false while the store cannot be written: it is tried again later, as ever */
  settle(): boolean {
    if (this.#error !== undefined) return false;
    try {
      this.flush();
    } catch (error) {
      this.#failed(error);
      this.#schedule();
    }
    return this.#error === undefined;
  }

  #schedule(): void {
    if (this.#scheduled !== undefined) return;
    const work = () => {
      this.#scheduled = undefined;
      this.#step();
    };
    if (this.#error === undefined) {
      const immediate = setImmediate(work);
      this.#scheduled = { cancel: () => clearImmediate(immediate) };
    } else {
      const timer = setTimeout(work, RETRY_MS);
      this.#scheduled = { cancel: () => clearTimeout(timer) };
    }
  }

  #step(): void {
    try {
      this.#storeNext();
    } catch (error) {
      this.#failed(error);
    }
    if (this.#waiting.length > 0) this.#schedule();
  }

  #failed(error: unknown): void {
    if (this.#error === undefined) {
      this.#options.log.error(
        { err: error, waiting: this.waiting },
        "cannot store; trying again every second",
      );
    }
    this.#error = error instanceof Error ? error : new Error(String(error));
  }

  #storeNext(): void {
    const batch = this.#waiting.slice(0, this.#options.batch);
    this.#store(batch);
    if (this.#error !== undefined) this.#options.log.info("the store can be written again");
    this.#error = undefined;
  }

  #store(batch: readonly Waiting[]): void {
    let written: Written;
    try {
      written = this.#options.store.write(batch.map(({ observation }) => observation));
    } catch (error) {
      if (isMeanetError(error, "STORE_FAILED")) throw error;
      this.#isolate(batch, error);
      return;
    }
    this.#waiting.splice(0, batch.length);
    for (const { acknowledge } of batch) acknowledge();
    this.#options.onWritten(written);
  }

  /** Some row is at fault: bisects the batch until it stands alone. */
  #isolate(batch: readonly Waiting[], error: unknown): void {
    const [first] = batch;
    if (batch.length > 1) {
      const middle = batch.length >> 1;
      this.#store(batch.slice(0, middle));
      this.#store(batch.slice(middle));
    } else if (first !== undefined) {
      this.#waiting.shift();
      this.#refused += 1;
      this.#options.log.error(
        { err: error, kind: first.observation.kind },
        "the store refused a row; dropped",
      );
      first.acknowledge();
    }
  }
}
