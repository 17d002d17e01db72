import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { MeanetError, reasonOf } from "@meanet/runtime";
import { z } from "zod";
import type { ClassCounts } from "./discovery.ts";

/** The main block that the counts belong to, whichever extension is learned for it. */
export interface CountedMain {
  readonly sha256: string;
  /** Number of its classes. */
  readonly classes: number;
}

export interface KeptDiscovery {
  readonly counts: readonly ClassCounts[];
  /** Hard classes that were proposed when it was written; null: none. */
  readonly proposed: readonly number[] | null;
}

const frames = z.number().min(0);

function fileSchema(classes: number) {
  const classIndex = z
    .int()
    .min(0)
    .max(classes - 1);
  const counts = z
    .strictObject({
      class: classIndex,
      right: frames,
      total: frames,
      dismissed: z.strictObject({ becomes: z.enum(["hard", "easy"]), wait: z.int().min(1) }).optional(),
    })
    .refine(({ right, total }) => right <= total, { path: ["right"], error: "expected total or less" });
  return z.strictObject({
    main: z.string(),
    proposed: z.array(classIndex).nullable(),
    counts: z.array(counts).max(classes),
  });
}

/**
 * What live labels had said of the classes by the last stop; undefined when there is no file.
 *
 * @throws {MeanetError} DISCOVERY_REFUSED
 */
export function readDiscovery(file: string, { sha256, classes }: CountedMain): KeptDiscovery | undefined {
  try {
    const text = readFileSync(file, "utf8");
    const json: unknown = JSON.parse(text);
    const { main } = z.object({ main: z.string() }).parse(json);
    if (main !== sha256) throw new Error(`it is of the main block ${main}, expected ${sha256}`);
    const { counts, proposed } = fileSchema(classes).parse(json);
    return { counts, proposed };
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const said = reasonOf(cause);
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : said;
    throw new MeanetError(
      "DISCOVERY_REFUSED",
      `${file} is not read (${reason}): counts of live labels begin anew, and what was dismissed may be proposed again`,
      { file },
      { cause },
    );
  }
}

/** Written beside and renamed: a kill in between leaves the old file. */
export function writeDiscovery(
  file: string,
  { sha256 }: CountedMain,
  { counts, proposed }: KeptDiscovery,
): void {
  writeFileSync(`${file}.new`, `${JSON.stringify({ main: sha256, proposed, counts })}\n`, { flush: true });
  renameSync(`${file}.new`, file);
}
