import type { Training } from "@meanet/protocol";

type Without<T> = T extends unknown
  ? Omit<T, "at" | "model" | "run" | "energyJ"> & { energyJ?: number }
  : never;

/** A step of learning as it is told inside: time, model and run are added where it is published, and joules where there are none. */
export type Told = Without<Training>;
