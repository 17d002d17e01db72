import type { SettingState } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime/error";

interface Waiter {
  readonly take: (state: SettingState) => void;
  readonly fail: (error: unknown) => void;
}

/** The last state of each setting of each edge node, and who waits for the next. */
export class SettingStates {
  readonly #states = new Map<string, SettingState>();
  /** Who wished for another value, in the order of the wishes. */
  readonly #wishers = new Map<string, Waiter[]>();
  /** Who only wants to know. */
  readonly #readers = new Map<string, Waiter[]>();

  get(edge: string, setting: string): SettingState | undefined {
    return this.#states.get(`${edge}/${setting}`);
  }

  /**
   * Takes note of a state. One that the broker kept from before answers nobody who just wished for another value.
   *
   * @returns whether it was the answer that somebody waited for
   */
  arrived(edge: string, setting: string, state: SettingState, retained: boolean): boolean {
    const key = `${edge}/${setting}`;
    this.#states.set(key, state);
    const readers = this.#readers.get(key)?.splice(0) ?? [];
    for (const { take } of readers) take(state);
    const wisher = retained ? undefined : this.#wishers.get(key)?.shift();
    wisher?.take(state);
    return wisher !== undefined || readers.length > 0;
  }

  /**
   * The state that an edge node tells next: its answer to a wish.
   *
   * @param publish - makes the wish known; when it fails, nobody waits any more
   * @throws {MeanetError} SETTING_TIMEOUT, SESSION_CLOSED, and whatever `publish` rejects with
   */
  wish(
    edge: string,
    setting: string,
    timeoutMs: number,
    publish: () => Promise<void>,
  ): Promise<SettingState> {
    return wait(this.#wishers, edge, setting, timeoutMs, publish);
  }

  /** The state in force, waiting for it when it is not known yet. @throws {MeanetError} SETTING_TIMEOUT, SESSION_CLOSED */
  async read(edge: string, setting: string, timeoutMs: number): Promise<SettingState> {
    return this.get(edge, setting) ?? (await wait(this.#readers, edge, setting, timeoutMs));
  }

  close(): void {
    for (const waiters of [...this.#wishers.values(), ...this.#readers.values()]) {
      for (const { fail } of waiters.splice(0)) {
        fail(new MeanetError("SESSION_CLOSED", "the node was closed before the setting's state came"));
      }
    }
  }
}

function wait(
  all: Map<string, Waiter[]>,
  edge: string,
  setting: string,
  timeoutMs: number,
  begin: () => Promise<void> = () => Promise.resolve(),
): Promise<SettingState> {
  const key = `${edge}/${setting}`;
  const { promise, resolve, reject } = Promise.withResolvers<SettingState>();
  const waiters = all.get(key) ?? [];
  all.set(key, waiters);
  const leave = () => {
    clearTimeout(timer);
    const index = waiters.indexOf(waiter);
    if (index >= 0) waiters.splice(index, 1);
  };
  const waiter: Waiter = {
    take(state) {
      leave();
      resolve(state);
    },
    // At once: a state that arrives next belongs to the wish behind it.
    fail(error) {
      leave();
      reject(error);
    },
  };
  waiters.push(waiter);
  const timer = setTimeout(() => {
    waiter.fail(
      new MeanetError(
        "SETTING_TIMEOUT",
        `edge node ${edge} did not tell the state of ${setting} within ${timeoutMs} ms: check that it is online, and its name`,
        { edge, setting, timeoutMs },
      ),
    );
  }, timeoutMs);
  begin().catch(waiter.fail);
  return promise;
}
