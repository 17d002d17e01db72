import type { LearningConfig } from "../config.ts";

/** Why a training is due by what the store has; undefined when none is. */
export function dueTrigger(
  { items, oldestAt }: { readonly items: number; readonly oldestAt: number | undefined },
  trigger: LearningConfig["trigger"],
  now: number,
): "items" | "age" | undefined {
  if (items >= trigger.items) return "items";
  const waited = oldestAt !== undefined && now - oldestAt >= trigger.age;
  return waited && items >= trigger.leastItems ? "age" : undefined;
}
