import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Evaluation } from "./evaluate.ts";
import { evaluationSplits } from "./frames.ts";

/** Puts figures into a bundle's `evaluation.json`, in place of those of the same split; those of the test set come first. */
export async function saveEvaluation(dir: string, figures: Evaluation): Promise<void> {
  const path = join(dir, "evaluation.json");
  const others = (await savedEvaluations(path)).filter(({ split }) => split !== figures.split);
  const order = evaluationSplits.toReversed();
  const all = [...others, figures].sort((a, b) => order.indexOf(a.split) - order.indexOf(b.split));
  // A half-written file must never stand in a bundle.
  await writeFile(`${path}.part`, `${JSON.stringify(all, undefined, 1)}\n`);
  await rename(`${path}.part`, path);
}

async function savedEvaluations(path: string): Promise<Evaluation[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  return JSON.parse(text) as Evaluation[];
}
