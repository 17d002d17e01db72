/** The real engine thread, with ways to die: by the first number of its input `x`. */
import { parentPort } from "node:worker_threads";
import type { ToThread } from "../src/thread-messages.ts";
import { ways } from "./ways-to-die.ts";

parentPort?.on("message", (message: ToThread) => {
  if (message.kind !== "run") return;
  const first = message.feeds.x?.data[0];
  if (first === ways.exit) process.exit(3);
  if (first === ways.throw) throw new Error("thrown in the thread");
  if (first === ways.memory) {
    const held: number[][] = [];
    for (;;) held.push(Array.from({ length: 100_000 }, Math.random));
  }
});
await import("../src/engine-thread.ts");
