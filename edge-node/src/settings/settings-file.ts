import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { type InputKind, inputKinds } from "../input-kind.ts";

const value = z.union([z.string(), z.number()]);
const wishesSchema = z.strictObject({
  threshold: value.optional(),
  "threshold-window": value.optional(),
  policy: value.optional(),
  deadline: value.optional(),
  learning: value.optional(),
  /** Bundles by what they take. */
  models: z.partialRecord(z.enum(inputKinds), z.string()).optional(),
});

/** Settings changed over MQTT, in the words of the request. */
export interface Wishes {
  threshold?: string | number;
  "threshold-window"?: string | number;
  policy?: string | number;
  deadline?: string | number;
  learning?: string | number;
  models?: Partial<Record<InputKind, string>>;
}

/** The wishes of before the last stop; none when there is no file. */
export function readWishes(file: string, onDamage: (error: unknown) => void): Wishes {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) onDamage(error);
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

/** Written beside and renamed: a kill in between leaves the old file. */
export function writeWishes(file: string, wishes: Wishes): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(wishes, undefined, 2)}\n`, { flush: true });
  renameSync(`${file}.new`, file);
}
