import type { StopReason } from "./lifetime.ts";

/** After Ctrl-C, for the verdicts under way. */
const GRACE_MS = 3_000;

export interface StopSignals {
  /** The user wants an end: publish nothing more. */
  readonly signal: AbortSignal;
  /** A little later: wait for nothing more. */
  readonly giveUp: AbortSignal;
  /** Resolves with `signal`. */
  readonly asked: Promise<void>;
}

export function stopSignals(stopped: Promise<StopReason>, say: (text: string) => void): StopSignals {
  const ending = new AbortController();
  const givingUp = new AbortController();
  const asked = stopped.then((reason) => {
    say(`${reason}: stopping in order`);
    ending.abort();
    setTimeout(() => givingUp.abort(), GRACE_MS).unref();
  });
  return { signal: ending.signal, giveUp: givingUp.signal, asked };
}
