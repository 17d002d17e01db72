import { createLogUpdate } from "log-update";

/** Where a long run tells how far it is: lines that stay, and one that changes. */
export interface Progress {
  /** One line that stays. */
  say(text: string): void;
  /** How far it is now: changes in place on a terminal, else a line now and then. */
  update(text: string): void;
  /** Leaves what stands there. */
  close(): void;
}

const LINE_INTERVAL_MS = 5_000;

export function openProgress(stream: NodeJS.WriteStream): Progress {
  if (stream.isTTY && stream.columns > 0) {
    const update = createLogUpdate(stream);
    return { say: (text) => update.persist(text), update, close: () => update.done() };
  }
  let nextMs = performance.now() + LINE_INTERVAL_MS;
  return {
    say: (text) => void stream.write(`${text}\n`),
    update: (text) => {
      if (performance.now() < nextMs) return;
      nextMs = performance.now() + LINE_INTERVAL_MS;
      stream.write(`${text}\n`);
    },
    close: () => undefined,
  };
}
