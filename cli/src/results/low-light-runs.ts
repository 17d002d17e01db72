/** Runs of `meanet scenario low-light` put on record: what the document is made of. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import type { LowLightRun } from "../scenario/low-light.ts";
import { exists, names, parsed } from "./inputs.ts";

const share = z.number().min(0).max(1);
const amount = z.number().nonnegative();
const phase = z.enum(["clean", "shifted", "adapted"]);
const streamedPhase = z.object({
  frames: z.int().positive(),
  labelled: z.int().nonnegative(),
  dropped: z.int().nonnegative(),
  energyJ: amount,
  cloudAnswers: z.int().nonnegative(),
});
const points = z.array(z.object({ phase, atS: amount, frames: z.int().positive(), accuracy: share }));

/** What the scenario leaves in `.meanet/scenario/low-light/{labels}-{seed}.json`. */
const runSchema = z.object({
  result: z.object({
    bundle: z.string(),
    data: z.string(),
    labels: z.enum(["true", "teacher"]),
    seed: z.int().nonnegative(),
    severity: share,
    hardAccuracy: z.object({ clean: share, shiftedBefore: share, shiftedAfter: share }),
    cleanAccuracy: z.object({ before: share, after: share }),
    accepted: z.boolean(),
    outcome: z.enum(["accepted", "refused", "failed", "rolled-back", "none"]),
    reason: z.string().nullable(),
    items: z.object({ label: z.int().nonnegative(), cloud: z.int().nonnegative() }),
    seconds: amount,
    energyJ: amount,
    inferenceJ: amount,
    judged: z.object({
      clean: z.int().positive(),
      shiftedHard: z.int().positive(),
      before: z.array(z.string()),
      after: z.array(z.string()),
    }),
    streamed: z.object({ clean: streamedPhase, shifted: streamedPhase, adapted: streamedPhase }),
    runSeconds: amount,
  }),
  overTime: z.object({ edge: points, withCloud: points }),
  events: z.array(
    z.object({
      event: z.enum([
        "collected",
        "proposed",
        "agreed",
        "started",
        "epoch",
        "accepted",
        "refused",
        "failed",
        "swapped",
        "passed",
        "rolled-back",
      ]),
      atS: amount,
      text: z.string(),
    }),
  ),
  phases: z.array(z.object({ name: phase, fromS: amount, toS: amount })).length(3),
  provenance: z.object({
    command: z.string(),
    machine: z.string(),
    createdAt: z.iso.datetime(),
    bundleCreatedAt: z.iso.datetime(),
  }),
});

/** A run on record. */
export interface KeptRun extends LowLightRun {
  /** Its file, without folder and ending. */
  readonly name: string;
}

/**
 * @param folder - holds `runs/*.json`; may be missing
 * @returns by seed, then in the order in which they were made
 * @throws {MeanetError} RESULTS_INVALID for a file that is no run, or runs of more than one bundle
 */
export async function readLowLightRuns(folder: string): Promise<readonly KeptRun[]> {
  const runs: KeptRun[] = [];
  for (const file of await names(join(folder, "runs"))) {
    if (!file.endsWith(".json")) continue;
    const path = join(folder, "runs", file);
    const run = await readLowLightRun(path);
    const [first] = runs;
    if (first !== undefined && bundleOf(first) !== bundleOf(run)) {
      throw new MeanetError(
        "RESULTS_INVALID",
        `${path} is of ${bundleOf(run)}, but ${first.name}.json of ${bundleOf(first)}; run and record all of them with one bundle, or remove those of the other`,
        { path, bundles: [bundleOf(first), bundleOf(run)] },
      );
    }
    runs.push({ name: basename(file, ".json"), ...run });
  }
  return runs.sort(
    (a, b) => a.result.seed - b.result.seed || a.provenance.createdAt.localeCompare(b.provenance.createdAt),
  );
}

/** A name and version may be trained anew: the time tells them apart. */
export function bundleOf({ result, provenance }: LowLightRun): string {
  return `${result.bundle}, finished ${provenance.bundleCreatedAt.slice(0, 16).replace("T", " ")}`;
}

/**
 * Puts a run of the scenario on record, in place of an earlier one of the same command.
 *
 * @param path - its JSON, as the scenario left it
 * @returns the file written
 * @throws {MeanetError} RESULTS_INVALID when it is no such run, or one of another command has its name
 */
export async function recordLowLightRun(path: string, folder: string): Promise<string> {
  const run = await readLowLightRun(path);
  const kept = join(folder, "runs", basename(path));
  if (await exists(kept)) {
    const { provenance } = await readLowLightRun(kept);
    if (provenance.command !== run.provenance.command) {
      throw new MeanetError(
        "RESULTS_INVALID",
        `${kept} is of another command: ${provenance.command}; ${path} is of: ${run.provenance.command}; give it another name, or remove the one on record`,
        { path, kept },
      );
    }
  }
  await mkdir(join(folder, "runs"), { recursive: true });
  await writeFile(kept, `${JSON.stringify(run, undefined, 1)}\n`);
  return kept;
}

async function readLowLightRun(path: string): Promise<LowLightRun> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MeanetError(
      "RESULTS_INVALID",
      `${path} cannot be read; expected the JSON that meanet scenario low-light names at its end`,
      { path },
      { cause },
    );
  });
  return parsed(runSchema, text, path);
}
