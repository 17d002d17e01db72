import type { LabelSource } from "@meanet/protocol";
import type { Faults } from "../faults.ts";
import type { Item, ItemStore } from "./item-store.ts";

export interface ItemAccessOptions {
  /** @throws {MeanetError} ITEMS_UNUSABLE */
  readonly open: () => ItemStore;
  /** Hears of what the store could not do, and when it works again. */
  readonly faults: Pick<Faults, "report" | "over">;
  /** An item was not stored, and is lost. */
  readonly onLost: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** How long a failed store is left alone: while it fails it blocks the thread that serves frames. */
const RETRY_MS = 30_000;
const SQLITE_FULL = 13;

/**
 * The store of items as frames and labels see it: opened when first needed; while it fails, items are lost and counted, and nobody
 * waits.
 *
 *     open ── disk full ─────── stays open: it can be read, and has room again some day
 *       └──── any other fault ─ closed, and opened again: its file may have been mended or deleted meanwhile
 */
export class ItemAccess {
  readonly #options: ItemAccessOptions;
  #store: ItemStore | undefined;
  #failedAt: number | undefined;
  #counts: Readonly<Record<LabelSource, number>> = { label: 0, cloud: 0 };

  constructor(options: ItemAccessOptions) {
    this.#options = options;
  }

  /** False until it is needed: a node that never learns has no file. */
  get isOpen(): boolean {
    return this.#store !== undefined;
  }

  /** Items by source; while they cannot be read, as last read. */
  get counts(): Readonly<Record<LabelSource, number>> {
    this.#counts = this.read(({ counts }) => counts) ?? this.#counts;
    return this.#counts;
  }

  /** Opens it, even if it has just failed. @throws {MeanetError} ITEMS_UNUSABLE */
  open(): ItemStore {
    this.#store ??= this.#options.open();
    return this.#store;
  }

  /** Opens it, unless it has just failed. Never throws. @returns whether it can be tried */
  tryOpen(): boolean {
    if (this.#rests) return false;
    try {
      this.open();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Never throws. @returns whether the store has learned something by it */
  add(item: Item): boolean {
    const added = this.tryOpen() ? this.#attempt((store) => store.add(item)) : undefined;
    if (added === undefined) this.#options.onLost();
    // A known item is only looked up, which works on a full disk as well: no sign that the fault is over.
    if (added === true) this.#options.faults.over("items");
    return added === true;
  }

  /** Reads from the store if it is open. Never throws. @returns undefined when it is not, or cannot be read */
  read<R>(look: (store: ItemStore) => R): R | undefined {
    return this.#attempt(look);
  }

  /** Deletes the items of all other classes, if it is open. Never throws. */
  keepOnly(classes: readonly number[]): void {
    this.#attempt((store) => store.keepOnly(classes));
  }

  close(): void {
    const store = this.#store;
    this.#store = undefined;
    store?.close();
  }

  /** Absolute, so that a clock that is set back does not make it rest for long. */
  get #rests(): boolean {
    return this.#failedAt !== undefined && Math.abs(this.#options.now() - this.#failedAt) < RETRY_MS;
  }

  #attempt<R>(step: (store: ItemStore) => R): R | undefined {
    if (this.#store === undefined) return undefined;
    try {
      return step(this.#store);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    const { faults, now } = this.#options;
    this.#failedAt = now();
    faults.report("items", error);
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_FULL) return;
    try {
      this.close();
    } catch (again) {
      faults.report("items", again);
    }
  }
}
