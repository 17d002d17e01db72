import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { replaceFile } from "../bundle/place.ts";
import type { Evaluation } from "./evaluate.ts";
import { evaluationSplits } from "./frames.ts";

const EVALUATION_FILE = "evaluation.json";

/**
 * Puts figures into a bundle's `evaluation.json`, in place of those of the same split; those of the test set come first.
 *
 * @throws {MeanetError} BUNDLE_INVALID when the figures that are there cannot be read; BUNDLE_PLACE_REFUSED
 */
export async function saveEvaluation(dir: string, figures: Evaluation): Promise<void> {
  const others = (await savedEvaluations(dir)).filter(({ split }) => split !== figures.split);
  const order = evaluationSplits.toReversed();
  const all = [...others, figures].sort((a, b) => order.indexOf(a.split) - order.indexOf(b.split));
  await replaceFile(dir, EVALUATION_FILE, `${JSON.stringify(all, undefined, 1)}\n`);
}

async function savedEvaluations(dir: string): Promise<Evaluation[]> {
  const path = join(dir, EVALUATION_FILE);
  try {
    const saved: unknown = JSON.parse(await readFile(path, "utf8"));
    if (Array.isArray(saved)) return saved as Evaluation[];
    throw new TypeError("it is no list");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new MeanetError(
      "BUNDLE_INVALID",
      `${path} holds no list of figures, or cannot be read; take it away, and save the figures of both splits again`,
      { path },
      { cause },
    );
  }
}
