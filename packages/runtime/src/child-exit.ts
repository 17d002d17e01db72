import type { ChildProcess } from "node:child_process";

/** How a process ended; both are null when it could not be started. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process that was just spawned ends. Never rejects. */
export function exitOf(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: null, signal: null }));
  });
}

/**
 * SIGTERM, and SIGKILL when it has not ended after `timeoutMs`.
 *
 * @param exited - what {@link exitOf} gave
 * @returns whether it ended without SIGKILL from here
 */
export async function endChild(
  child: ChildProcess,
  exited: Promise<ChildExit>,
  timeoutMs: number,
): Promise<boolean> {
  let forced = false;
  const timer = setTimeout(() => {
    forced = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  child.kill("SIGTERM");
  await exited;
  clearTimeout(timer);
  return !forced;
}
