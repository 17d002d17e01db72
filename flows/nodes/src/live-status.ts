const INTERVAL_MS = 1_000;

/** Shows a status at once, then at most every second until nothing happens any more: a status for each message would flood the editor. */
export class LiveStatus {
  readonly #show: () => void;
  readonly #isIdle: () => boolean;
  #timer: NodeJS.Timeout | undefined;

  constructor(show: () => void, isIdle: () => boolean) {
    this.#show = show;
    this.#isIdle = isIdle;
  }

  /** Something happened. */
  touch(): void {
    if (this.#timer !== undefined) return;
    this.#show();
    this.#timer = setInterval(() => {
      this.#show();
      if (this.#isIdle()) this.stop();
    }, INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
