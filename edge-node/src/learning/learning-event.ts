import type { Training } from "@meanet/protocol";
import type { ItemStore } from "./items/item-store.ts";

type Without<T> = T extends unknown
  ? Omit<T, "at" | "model" | "run" | "energyJ"> & { energyJ?: number }
  : never;

/** A step of learning before it is published: time, model and run are added then, and joules where there are none. */
export type LearningEvent = Without<Training>;

/** What a store holds, as a step of learning. @param names - of the bundle's classes */
export function collected({ counts, fresh, classes }: ItemStore, names: readonly string[]): LearningEvent {
  return {
    event: "collected",
    items: counts,
    fresh: fresh.items,
    heldOut: classes.reduce((sum, { heldOut }) => sum + heldOut, 0),
    classes: classes.map(({ classIndex, ...ofClass }) => ({ name: names[classIndex]!, ...ofClass })),
  };
}
