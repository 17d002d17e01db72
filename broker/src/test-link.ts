import type { Link } from "./connection.ts";

/** A link that takes bytes only when told to. */
export class SlowLink implements Link {
  readonly remote = "test:1";
  readonly taken: Buffer[] = [];
  destroyed = false;
  paused = false;
  onResume: (() => void) | undefined;
  #pending: (() => void) | undefined;

  send(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    this.#pending = () => {
      this.taken.push(...chunks);
      done();
    };
  }

  /** Takes the slice that was offered last. */
  take(): boolean {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.();
    return pending !== undefined;
  }

  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
    this.onResume?.();
  }
  end(): void {
    this.destroyed = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
}
