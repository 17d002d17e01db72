import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Setting } from "@meanet/protocol";
import { z } from "zod";

/** Settings that were changed over MQTT, as they were wished. */
export type Wishes = Partial<Record<Setting, string | number>>;

const value = z.union([z.string(), z.number()]);
const wishesSchema = z.strictObject({
  threshold: value.optional(),
  policy: value.optional(),
  deadline: value.optional(),
  model: value.optional(),
});

/** What was wished before the last stop; nothing when there is no file. */
export function readWishes(file: string, onDamage: (error: unknown) => void): Wishes {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return {};
  }
  try {
    const parsed = wishesSchema.parse(JSON.parse(text));
    return Object.fromEntries(Object.entries(parsed).filter(([, wish]) => wish !== undefined));
  } catch (error) {
    onDamage(error);
    return {};
  }
}

/** Replaced whole: a kill in between leaves the old file. */
export function writeWishes(file: string, wishes: Wishes): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(wishes, undefined, 2)}\n`, { flush: true });
  renameSync(`${file}.new`, file);
}
