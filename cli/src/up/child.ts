import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChildExit, endChild, exitOf, MeanetError } from "@meanet/runtime";
import { type Addresses, childMessageSchema } from "../ipc.ts";

const BIN = join(import.meta.dirname, "../../bin/meanet.js");

export interface ChildOptions {
  readonly name: string;
  /** `["edge", "--node", "edge-1", …]` */
  readonly args: readonly string[];
  /** Beside the environment of this process: what must not stand in the list of processes. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Takes the child's log lines. */
  readonly logFile: string;
  /** Goes on with the log of the one before instead of beginning anew: what it died of stands there. */
  readonly appendLog?: boolean;
  readonly startTimeoutMs: number;
  /** Ends a start that is under way, or keeps it from beginning; it has failed then. */
  readonly signal?: AbortSignal | undefined;
  /** The program that is started; `meanet` unless a test has its own. */
  readonly program?: string;
}

/** For a process that is to end while it starts: it may wait for its broker, not for work. */
const ABORT_TIMEOUT_MS = 10_000;
/** Between the first process that a service manager signals and the last, on a busy machine. */
const SIGNALLED_TOGETHER_MS = 500;

/** A process that works. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly addresses: Addresses;
  /** Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** SIGTERM, and SIGKILL when it has not ended after `timeoutMs`. @returns whether it ended by itself */
  stop(timeoutMs: number): Promise<boolean>;
}

/**
 * Starts a process of this command and waits until it says that it works.
 *
 * It shares the terminal's group but not its signals: it leaves SIGINT to its parent, and ends when the parent vanishes.
 *
 * @throws {MeanetError} PROCESS_FAILED, with the child's code in `details.childCode`
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  if (options.signal?.aborted) throw notStarted("it was told to end before it began", null);
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, options.appendLog ? "a" : "w");
  const process_ = spawn(process.execPath, [options.program ?? BIN, ...options.args], {
    stdio: ["ignore", log, log, "ipc"],
    env: { ...process.env, ...options.environment },
  });
  closeSync(log);
  const exited = exitOf(process_);
  const stop = (timeoutMs: number) => endChild(process_, exited, timeoutMs);

  const abort = () => void stop(ABORT_TIMEOUT_MS);
  options.signal?.addEventListener("abort", abort);
  const outcome = await firstWord();
  options.signal?.removeEventListener("abort", abort);
  if ("addresses" in outcome) {
    return { name: options.name, pid: process_.pid!, addresses: outcome.addresses, exited, stop };
  }
  await stop(2_000);
  if (outcome.exit !== undefined) await toldToEndAsWell(outcome.exit, options.signal);
  throw notStarted(outcome.text, outcome.code);

  function notStarted(why: string, childCode: string | null): MeanetError {
    const { name, logFile } = options;
    return new MeanetError("PROCESS_FAILED", `${name} did not start: ${why}\nIts log: ${logFile}`, {
      ...{ name, childCode, logFile },
    });
  }

  function firstWord(): Promise<
    { addresses: Addresses } | { code: string | null; text: string; exit?: ChildExit }
  > {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve({ code: null, text: `it said nothing within ${options.startTimeoutMs} ms` });
      }, options.startTimeoutMs);
      process_.on("message", (raw) => {
        const message = childMessageSchema.safeParse(raw).data;
        if (message === undefined) return;
        clearTimeout(timer);
        resolve(message.type === "ready" ? { addresses: message.addresses } : message);
      });
      process_.once("error", (error) => {
        clearTimeout(timer);
        resolve({ code: null, text: error.message });
      });
      // After `exit` there may still be a message to read; `close` of the channel comes behind it.
      process_.once("close", (code, signal) => {
        clearTimeout(timer);
        resolve({
          code: null,
          text: `it ended with ${signal ?? `exit code ${code}`}`,
          exit: { code, signal },
        });
      });
    });
  }
}

/**
 * A service manager, or a terminal that closes, signals every process at once, in any order: a child may have ended before this process
 * learns that it is to end as well. After an end such as a signal brings about, waits a moment for `ending`.
 *
 * @returns whether this process is to end
 */
export async function toldToEndAsWell(
  { code, signal }: ChildExit,
  ending: AbortSignal | undefined,
): Promise<boolean> {
  const toldToEnd = code === 0 || signal === "SIGTERM" || signal === "SIGINT" || signal === "SIGHUP";
  if (toldToEnd && ending !== undefined) {
    await sleep(SIGNALLED_TOGETHER_MS, undefined, { signal: ending }).catch(() => undefined);
  }
  return ending?.aborted === true;
}
