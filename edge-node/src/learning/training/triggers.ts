import type { LearningConfig } from "../config.ts";

/** Why what the store holds makes a training due; undefined when none is. */
export function dueTrigger(
  { items, oldestAt }: { readonly items: number; readonly oldestAt: number | undefined },
  trigger: LearningConfig["trigger"],
  now: number,
): "items" | "age" | undefined {
  if (items >= trigger.items) return "items";
  const waited = oldestAt !== undefined && now - oldestAt >= trigger.age;
  return waited && items >= trigger.leastItems ? "age" : undefined;
}
