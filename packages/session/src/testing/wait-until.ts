import { setTimeout as pause } from "node:timers/promises";

/** Looks at a real state until it is as wished; fails, naming the wish and what was seen last, when it never is. */
export async function waitUntil<T>(
  wish: string,
  look: () => T | Promise<T>,
  isFulfilled: (seen: T) => boolean,
  timeoutMs = 240_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const seen = await look();
    if (isFulfilled(seen)) return seen;
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms until ${wish}; last seen: ${JSON.stringify(seen)}`);
    }
    await pause(20);
  }
}
