import type { Logger } from "@meanet/runtime";
import type { Tier } from "../rollups/tiers.ts";
import type { Pruned, Store } from "./store.ts";

export interface RetentionOptions {
  readonly store: Store;
  readonly ageMs: number;
  /** How long rolled-up intervals stay. */
  readonly rollupAgeMs: Readonly<Record<Tier, number>>;
  readonly maxBytes: number;
  readonly intervalMs: number;
  /** Name of the forwarder's cursor, when there is one. */
  readonly forwarder: string | undefined;
  readonly onPruned: (pruned: Pruned) => void;
  readonly log: Logger;
}

/** Deletes what is too old or too much, at the start and then periodically; in chunks, so that messages are stored in between. */
export class RetentionTask {
  readonly #options: RetentionOptions;
  #next: { readonly cancel: () => void } | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#soon();
  }

  stop(): void {
    this.#next?.cancel();
  }

  #soon(): void {
    const immediate = setImmediate(() => this.#step());
    this.#next = { cancel: () => clearImmediate(immediate) };
  }

  #later(): void {
    const timer = setTimeout(() => this.#step(), this.#options.intervalMs);
    this.#next = { cancel: () => clearTimeout(timer) };
  }

  #step(): void {
    const { store, ageMs, rollupAgeMs, maxBytes, forwarder, onPruned, log } = this.#options;
    const now = Date.now();
    const rollups = { "1m": now - rollupAgeMs["1m"], "1h": now - rollupAgeMs["1h"] };
    try {
      const pruned = store.prune({ before: now - ageMs, rollups, maxBytes }, forwarder);
      onPruned(pruned);
      if (pruned.unforwarded > 0) {
        log.error({ rows: pruned.unforwarded }, "retention deleted rows that InfluxDB never got");
      }
      if (pruned.rows > 0) this.#soon();
      else this.#later();
    } catch (error) {
      log.error({ err: error }, "retention failed; trying again later");
      this.#later();
    }
  }
}
