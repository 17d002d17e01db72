import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { StoredItems } from "@meanet/models";
import type { LabelSource } from "@meanet/protocol";
import { MeanetError, prepareOnce, reasonOf } from "@meanet/runtime";

export interface ItemStoreOptions {
  /** Database file; `:memory:` forgets. */
  readonly file: string;
  /** Items of each class. */
  readonly perClass: number;
  /** Of all tensors together; one item is kept in any case. */
  readonly maxBytes: number;
  /** Share of the items that is held out, by their content: the same frame is always on the same side. */
  readonly heldOut: number;
  /** Pages of the file, 4 KiB each, beyond which it is full like a disk. Default: SQLite's own limit. */
  readonly maxPages?: number;
}

/** A labelled frame of a hard class. */
export interface Item {
  readonly device: string;
  readonly id: string;
  readonly classIndex: number;
  readonly source: LabelSource;
  /** As the network saw it. */
  readonly tensor: Float32Array;
  /** Milliseconds since 1970. */
  readonly at: number;
}

interface ClassCounts extends Readonly<Record<LabelSource, number>> {
  readonly classIndex: number;
  /** Of all these. */
  readonly heldOut: number;
}

/** An item without its tensor. */
export interface ListedItem {
  readonly key: number;
  readonly classIndex: number;
  /** 1 with a true label. */
  readonly weight: number;
  readonly heldOut: boolean;
}

/** Which items are kept, and learned from, where there is no room for all: labelled ones first, then the newest. */
const BEST_FIRST = "ORDER BY source = 'label' DESC, at DESC, key DESC";

/** Bits of the digest that choose the side of an item. */
const SIDES = 1024;

/**
 * Labelled items of hard classes, on disk: a bounded number per class, each frame once; a true label replaces one of the cloud.
 *
 * A full class drops its oldest item from the cloud, or if it has none its oldest. While all items together take too many bytes, the
 * largest class does the same.
 */
export class ItemStore {
  readonly #options: ItemStoreOptions;
  readonly #database: DatabaseSync;
  readonly #prepare: (sql: string) => StatementSync;

  /** @throws {MeanetError} ITEMS_UNUSABLE */
  constructor(options: ItemStoreOptions) {
    this.#options = options;
    this.#database = openDatabase(options);
    this.#prepare = prepareOnce(this.#database);
  }

  /** @returns whether the store has learned something by it: a new frame, or a better label of one it has */
  add(item: Item): boolean {
    const digest = createHash("sha256").update(bytesOf(item.tensor)).digest("hex");
    const known = this.#prepare("SELECT key, class, source FROM item WHERE digest = ?").get(digest);
    if (known !== undefined) return this.#relabel(known, item);
    const heldOut = Number.parseInt(digest.slice(0, 8), 16) % SIDES < this.#options.heldOut * SIDES;
    this.#database.exec("BEGIN");
    try {
      this.#prepare(
        "INSERT INTO item (digest, device, id, class, source, at, held_out, fresh, tensor) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)",
      ).run(
        digest,
        item.device,
        item.id,
        item.classIndex,
        item.source,
        item.at,
        heldOut ? 1 : 0,
        bytesOf(item.tensor),
      );
      this.#makeRoom(item.classIndex);
      this.#fit(item.tensor.byteLength);
      this.#database.exec("COMMIT");
    } catch (error) {
      // A full disk has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
    return true;
  }

  get counts(): Record<LabelSource, number> {
    const counts = { label: 0, cloud: 0 };
    for (const row of this.#prepare("SELECT source, count(*) AS items FROM item GROUP BY source").all()) {
      counts[row.source as LabelSource] = Number(row.items);
    }
    return counts;
  }

  /** Items since the last training, and when the oldest of them came, milliseconds since 1970. */
  get fresh(): { readonly items: number; readonly oldestAt: number | undefined } {
    const row = this.#prepare("SELECT count(*) AS items, min(at) AS oldest FROM item WHERE fresh = 1").get()!;
    return { items: Number(row.items), oldestAt: row.oldest === null ? undefined : Number(row.oldest) };
  }

  /** Items of each class by source, and how many of them are held out; by index of the class. */
  get classes(): readonly ClassCounts[] {
    const rows = this.#prepare(
      `SELECT class, sum(source = 'label') AS label, sum(source = 'cloud') AS cloud, sum(held_out) AS held_out
       FROM item GROUP BY class ORDER BY class`,
    ).all();
    return rows.map((row) => ({
      classIndex: Number(row.class),
      label: Number(row.label),
      cloud: Number(row.cloud),
      heldOut: Number(row.held_out),
    }));
  }

  /** The items of these classes, the best first. @param cloudWeight - of those that the cloud labelled; 0 leaves them out */
  list(classes: readonly number[], cloudWeight: number): readonly ListedItem[] {
    const rows = this.#prepare(`SELECT key, class, source, held_out FROM item ${BEST_FIRST}`).all();
    return rows
      .filter((row) => classes.includes(Number(row.class)) && (row.source === "label" || cloudWeight > 0))
      .map((row) => ({
        key: Number(row.key),
        classIndex: Number(row.class),
        weight: row.source === "label" ? 1 : cloudWeight,
        heldOut: row.held_out === 1,
      }));
  }

  /** The items just listed with their tensors, in an order that depends on the items alone. */
  read(listed: readonly ListedItem[]): StoredItems {
    const items = listed.toSorted((a, b) => a.key - b.key);
    const tensor = this.#prepare("SELECT tensor FROM item WHERE key = ?");
    const bytesAt = (at: number) => tensor.get(items[at]!.key)!.tensor as Uint8Array;
    const length = items.length === 0 ? 0 : bytesAt(0).length;
    // Shared with the training thread and filled one by one, so that no second copy of all of them exists.
    const tensors = new Float32Array(new SharedArrayBuffer(items.length * length));
    const bytes = new Uint8Array(tensors.buffer);
    for (const at of items.keys()) bytes.set(bytesAt(at), at * length);
    return {
      labels: items.map(({ classIndex }) => classIndex),
      tensors,
      weights: items.map(({ weight }) => weight),
      heldOut: items.map(({ heldOut }) => heldOut),
    };
  }

  /** A training has seen all that is there. */
  markSeen(): void {
    this.#prepare("UPDATE item SET fresh = 0 WHERE fresh = 1").run();
  }

  /** Deletes the items of all other classes. */
  keepOnly(classes: readonly number[]): void {
    for (const { classIndex } of this.classes) {
      if (!classes.includes(classIndex)) this.#trim(classIndex, 0);
    }
  }

  close(): void {
    this.#database.close();
  }

  #relabel(known: Record<string, unknown>, item: Item): boolean {
    const better = item.source === "label" && (known.source === "cloud" || known.class !== item.classIndex);
    if (!better) return false;
    this.#prepare("UPDATE item SET class = ?, source = 'label', fresh = 1, at = ? WHERE key = ?").run(
      item.classIndex,
      item.at,
      Number(known.key),
    );
    this.#makeRoom(item.classIndex);
    return true;
  }

  #makeRoom(classIndex: number): void {
    this.#trim(classIndex, this.#options.perClass);
  }

  /** All items of a bundle have the same size, so their number gives their bytes. */
  #fit(itemBytes: number): void {
    const most = Math.max(1, Math.floor(this.#options.maxBytes / itemBytes));
    let { items } = this.#prepare("SELECT count(*) AS items FROM item").get() as { items: number };
    for (; items > most; items--) {
      const largest = this.#prepare(
        "SELECT class, count(*) AS items FROM item GROUP BY class ORDER BY items DESC, class LIMIT 1",
      ).get()!;
      this.#trim(Number(largest.class), Number(largest.items) - 1);
    }
  }

  #trim(classIndex: number, most: number): void {
    this.#prepare(
      `DELETE FROM item WHERE key IN (
         SELECT key FROM item WHERE class = ? ${BEST_FIRST} LIMIT -1 OFFSET ?)`,
    ).run(classIndex, most);
  }
}

/** @throws {MeanetError} ITEMS_UNUSABLE */
function openDatabase({ file, maxPages }: ItemStoreOptions): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    database = new DatabaseSync(file);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS item (
        key INTEGER PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        device TEXT NOT NULL,
        id TEXT NOT NULL,
        class INTEGER NOT NULL,
        source TEXT NOT NULL,
        at INTEGER NOT NULL,
        held_out INTEGER NOT NULL,
        fresh INTEGER NOT NULL,
        tensor BLOB NOT NULL
      ) STRICT;
      -- Asked at every label: answered from the index, without reading rows, which hold the tensors.
      CREATE INDEX IF NOT EXISTS of_class ON item (class, source, at);
      CREATE INDEX IF NOT EXISTS of_source ON item (source);
      CREATE INDEX IF NOT EXISTS of_side ON item (class, source, held_out);
      CREATE INDEX IF NOT EXISTS is_fresh ON item (at) WHERE fresh = 1;
    `);
    if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`);
    return database;
  } catch (cause) {
    database?.close();
    const reason = reasonOf(cause);
    throw new MeanetError(
      "ITEMS_UNUSABLE",
      `cannot open ${file} (${reason}): check the folder, its rights and the disk, or delete it to collect anew`,
      { file },
      { cause },
    );
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
