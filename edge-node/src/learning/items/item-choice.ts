import { type Bundle, itemsThatFit, type StoredItems } from "@meanet/models";
import type { LearningConfig } from "../config.ts";
import type { ItemStore, ListedItem } from "./item-store.ts";

/**
 * What a training takes from the store: everything it may learn from, or as much as memory allows.
 *
 * @returns the items, and how many there were to take
 * @throws {MeanetError} LEARNING_REFUSED when not even {@link fewestItems} fit; LEARNING_UNSUPPORTED
 */
export function takeItems(
  items: ItemStore,
  bundle: Bundle,
  hardClasses: readonly number[],
  { teacher, training, margins }: LearningConfig,
): { readonly taken: StoredItems; readonly stored: number } {
  const { batch, maxMemory: maxBytes } = training;
  const listed = items.list(hardClasses, teacher.weight);
  const limits = { hardClasses: hardClasses.length, batch, maxBytes };
  const most = itemsThatFit(bundle, limits, fewestItems(listed, margins.leastItems));
  return { taken: items.read(chooseItems(listed, most, margins.leastItems)), stored: listed.length };
}

/** The fewest items worth a training: enough to judge by, as far as there are, and one of each class to learn from. */
export function fewestItems(listed: readonly ListedItem[], leastHeldOut: number): number {
  const { heldOut, learned } = sidesOf(listed);
  return Math.min(leastHeldOut, heldOut.length) + classesOf(learned);
}

/**
 * The items that a training takes where memory does not allow all: the best of each class, equally many of each or all that it has.
 * Items to learn from and items held out shrink alike, down to what is needed to judge by; no item changes sides.
 *
 * The best are those that a smaller store would have kept. A random draw would leave out most of the new items that began the training.
 *
 * @param listed - the best first
 * @param most - at least {@link fewestItems}
 */
export function chooseItems(
  listed: readonly ListedItem[],
  most: number,
  leastHeldOut: number,
): readonly ListedItem[] {
  if (listed.length <= most) return listed;
  const { heldOut, learned } = sidesOf(listed);
  const share = Math.round((most * heldOut.length) / listed.length);
  const judged = Math.max(Math.min(share, most - classesOf(learned)), Math.min(leastHeldOut, heldOut.length));
  return [...evenly(heldOut, judged), ...evenly(learned, most - judged)];
}

function sidesOf(listed: readonly ListedItem[]) {
  return {
    heldOut: listed.filter(({ heldOut }) => heldOut),
    learned: listed.filter(({ heldOut }) => !heldOut),
  };
}

function classesOf(listed: readonly ListedItem[]): number {
  return new Set(listed.map(({ classIndex }) => classIndex)).size;
}

/** The best of each class, then the second best of each, until there are enough. */
function evenly(listed: readonly ListedItem[], most: number): ListedItem[] {
  const taken = new Map<number, number>();
  const ranked = listed.map((item) => {
    const rank = taken.get(item.classIndex) ?? 0;
    taken.set(item.classIndex, rank + 1);
    return { item, rank };
  });
  return ranked
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ item }) => item);
}
