import type { Store } from "../store/store.ts";

/** Written for a value when its tag has too many. */
const OTHER = "other";

/**
 * Bounds the values of a tag: each new one is a series that InfluxDB keeps in memory for ever.
 *
 * The first `limit` values of a tag are written as they are, later ones as `other`. Which are the first is kept in the store, so that a
 * point has the same tags when it is written again.
 */
export class TagGuard {
  readonly #store: Pick<Store, "tagValues" | "addTagValues">;
  readonly #limit: number;
  readonly #known = new Map<string, Set<string>>();
  readonly #fresh = new Map<string, string[]>();
  #replaced = 0;

  constructor(store: Pick<Store, "tagValues" | "addTagValues">, limit: number) {
    this.#store = store;
    this.#limit = limit;
  }

  /** Times that `other` was written. */
  get replaced(): number {
    return this.#replaced;
  }

  value(tag: string, raw: string): string {
    const value = clean(raw);
    let known = this.#known.get(tag);
    if (known === undefined) {
      known = new Set(this.#store.tagValues(tag));
      this.#known.set(tag, known);
    }
    if (known.has(value)) return value;
    if (known.size >= this.#limit) {
      this.#replaced += 1;
      return OTHER;
    }
    known.add(value);
    this.#fresh.set(tag, [...(this.#fresh.get(tag) ?? []), value]);
    return value;
  }

  /** Stores the values seen for the first time; to be called before the points are sent. */
  save(): void {
    for (const [tag, values] of this.#fresh) this.#store.addTagValues(tag, values);
    this.#fresh.clear();
  }
}

/**
 * Model names, drop reasons and counter names are free text. The line protocol has no way to write a line end in a tag, nor a
 * backslash at its end, and an empty tag is none.
 */
function clean(raw: string): string {
  const value = raw.replace(/[^A-Za-z0-9_.:@/+-]/g, "_");
  return value === "" ? "none" : value;
}
