import type { Logger } from "./log.ts";

/** What `start` of a process is given beside its settings. */
export interface StartContext {
  readonly log: Logger;
  /** Aborts when the process is to stop: a start then waits for no broker any more. */
  readonly signal?: AbortSignal;
}

/** What `start` of a process returns. */
export interface Running {
  /** Stops in order, loses nothing that was accepted, and reports every failure of a step. */
  stop(): Promise<void>;
  /** Rejects when it can do its work no longer and is to be stopped; left out by what never gives up. */
  readonly failed?: Promise<never>;
}

interface Step {
  readonly name: string;
  readonly stop: () => Promise<void> | void;
}

/**
 * The parts of a process in the order they started; they stop in the reverse order, each once, and a step that fails
 * does not keep the others from running.
 *
 *     const parts = new StartedParts();
 *     const journal = parts.add("journal", openJournal(…), (journal) => journal.close());
 *     return { stop: () => parts.stop() };
 */
export class StartedParts implements Running {
  readonly #steps: Step[] = [];
  #stopping: Promise<void> | undefined;

  add<T>(name: string, part: T, stop: (part: T) => Promise<void> | void): T {
    this.#steps.push({ name, stop: () => stop(part) });
    return part;
  }

  /** Runs `start`; when it throws, stops what had been started and throws the same error. */
  async guard<T>(start: () => Promise<T>): Promise<T> {
    try {
      return await start();
    } catch (error) {
      await this.stop().catch(() => undefined);
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const failures: Error[] = [];
    for (const { name, stop } of this.#steps.reverse()) {
      try {
        await stop();
      } catch (cause) {
        failures.push(new Error(`${name} did not stop cleanly`, { cause }));
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, failures.map(({ message }) => message).join("; "));
  }
}
