import { setTimeout as sleep } from "node:timers/promises";
import { describeFailure } from "../failure.ts";
import type { Addresses } from "../ipc.ts";
import { type Child, startChild, toldToEndAsWell } from "./child.ts";

export interface SupervisedOptions {
  readonly name: string;
  /** `previous` is where it was before it died: who connects to it must find it there again. */
  readonly args: (previous: Addresses | undefined) => readonly string[];
  /** Beside the environment of this process. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly logFile: string;
  readonly startTimeoutMs: number;
  /** Ends a start while it is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Wait before the second attempt to restart; doubles up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /**
   * Aborted when the user wants an end: what ends from then on, or a moment before as if it had been told to, is not started again.
   */
  readonly ending?: AbortSignal | undefined;
  /** Tells people what happened to it. */
  readonly onEvent: (text: string) => void;
  readonly program?: string;
}

/** A child process that is started again when it dies, until it is stopped. */
export interface Supervised {
  readonly name: string;
  readonly addresses: Addresses;
  readonly restarts: number;
  /** SIGTERM; SIGKILL, and an event, when it has not ended after `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
}

/** @throws {MeanetError} PROCESS_FAILED when the first start fails */
export async function supervise(options: SupervisedOptions): Promise<Supervised> {
  const { name, onEvent } = options;
  const stopping = new AbortController();
  let restarts = 0;
  let child: Child | undefined = await start(undefined);
  let { addresses } = child;
  const watching = watch(child);

  return {
    name,
    get addresses() {
      return addresses;
    },
    get restarts() {
      return restarts;
    },
    async stop(timeoutMs) {
      stopping.abort();
      const clean = child === undefined || (await child.stop(timeoutMs));
      if (!clean) onEvent(`${name} did not stop within ${timeoutMs} ms and was killed`);
      await watching;
    },
  };

  function start(previous: Addresses | undefined): Promise<Child> {
    return startChild({ ...options, args: options.args(previous), appendLog: previous !== undefined });
  }

  async function watch(first: Child): Promise<void> {
    let current = first;
    while (true) {
      const exit = await current.exited;
      if (stopping.signal.aborted) return;
      child = undefined;
      const over = await toldToEndAsWell(exit, options.ending);
      if (over || stopping.signal.aborted) return;
      onEvent(`${name} ended with ${exit.signal ?? `exit code ${exit.code}`}; starting it again`);
      const next = await startAgain();
      if (next === undefined) return;
      restarts += 1;
      current = next;
      child = next;
      addresses = next.addresses;
      onEvent(`${name} works again`);
      // `stop` came while it started and saw no child.
      if (stopping.signal.aborted) await next.stop(options.startTimeoutMs);
    }
  }

  async function startAgain(): Promise<Child | undefined> {
    let waitMs = 0;
    const over = () => stopping.signal.aborted || options.ending?.aborted === true;
    while (!over()) {
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (over()) return undefined;
      waitMs = waitMs === 0 ? options.backoffMs : Math.min(waitMs * 2, options.maxBackoffMs);
      try {
        return await start(addresses);
      } catch (error) {
        if (!over()) onEvent(`${describeFailure(error)}\ntrying again in ${waitMs} ms`);
      }
    }
    return undefined;
  }
}
