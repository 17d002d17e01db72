import { parentMessageSchema } from "./ipc.ts";

/** Why a process is to stop: a signal, or its parent is gone. */
export type StopReason = "SIGINT" | "SIGTERM" | "SIGHUP" | "parent vanished";

/**
 * Resolves when this process is to stop; further signals are ignored, since stopping is on its way.
 *
 * With a parent (an IPC channel) SIGINT is not for us: Ctrl-C reaches the whole group of the terminal, and the parent
 * stops its children in order. When the parent vanishes the channel closes. A parent that only hands over (`bin/meanet.js`) tells
 * which signal it had before it passes it on as SIGTERM.
 */
export function untilStopped(): Promise<StopReason> {
  const supervised = process.send !== undefined;
  return new Promise((resolve) => {
    process.on("SIGINT", () => {
      if (!supervised) resolve("SIGINT");
    });
    let told: StopReason = "SIGTERM";
    // What the parent has told before the signal is read in the same turn of the loop, yet maybe after it.
    process.on("SIGTERM", () => setImmediate(() => resolve(told)));
    process.on("SIGHUP", () => resolve("SIGHUP"));
    if (!supervised) return;
    process.on("message", (message) => {
      const { success, data } = parentMessageSchema.safeParse(message);
      if (success) told = data.signal;
    });
    process.on("disconnect", () => resolve("parent vanished"));
    if (!process.connected) resolve("parent vanished");
  });
}
