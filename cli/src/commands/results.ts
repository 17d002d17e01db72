import { extname, join } from "node:path";
import { resolveBundle, zooFolder } from "@meanet/models";
import { MeanetError } from "@meanet/runtime";
import { Command } from "commander";
import { cifar100Document } from "../results/cifar-100.ts";
import { exists, readInputs, recordRun } from "../results/inputs.ts";
import { lowLightDocument } from "../results/low-light.ts";
import { readLowLightRuns, recordLowLightRun } from "../results/low-light-runs.ts";
import { checkDocument, type ResultsDocument, writeDocument } from "../results/write.ts";

const root = join(import.meta.dirname, "../../..");
const documents = join(root, "docs/results");
const recipes = join(root, "models/recipes");

interface DocumentOptions {
  readonly out: string;
  readonly runs?: string;
  readonly check?: true;
}

export function resultsCommand(): Command {
  const cifar100 = documentCommand(
    "cifar-100",
    "Writes cifar-100.md and its plots from the figures of bundles, runs and measurements.",
    "holds runs/*.json and training-memory.json",
    async (runs, { zoo }: { zoo: string }) => {
      await requireFolder(zoo, "holds bundles");
      return cifar100Document(await readInputs({ zoo, recipes, runs }));
    },
  ).option("--zoo <dir>", "folder of bundles", zooFolder);
  const lowLight = documentCommand(
    "low-light",
    "Writes low-light.md and its plots from the runs of the scenario that are on record.",
    "holds runs/*.json",
    async (runs) => lowLightDocument(await readLowLightRuns(runs)),
  );
  const record = new Command("record")
    .description("Keeps figures for a document: of a bundle, without its models, or of runs of a scenario.")
    .argument("<run...>", "bundles, names in the zoo or folders; JSON files of meanet scenario low-light")
    .option(
      "--runs <dir>",
      "folder whose runs/ takes the file (default: of the document that the run belongs to)",
    )
    .action(async (given: readonly string[], { runs }: { runs?: string }) => {
      for (const run of given) {
        const path =
          extname(run) === ".json"
            ? await recordLowLightRun(run, runs ?? join(documents, "low-light"))
            : await recordRun(await resolveBundle(run), runs ?? join(documents, "cifar-100"));
        console.log(path);
      }
    });
  return new Command("results")
    .description("Makes the documents of results from figures of runs.")
    .addCommand(cifar100)
    .addCommand(lowLight)
    .addCommand(record);
}

/** @param make - of the folder of runs, and the options of its own */
function documentCommand<Options>(
  name: ResultsDocument["name"],
  description: string,
  holds: string,
  make: (runs: string, options: Options) => Promise<ResultsDocument>,
): Command {
  return new Command(name)
    .description(description)
    .option("--runs <dir>", `${holds} (default: ${name} in --out)`)
    .option("--out <dir>", "folder of the document", documents)
    .option("--check", "write nothing; fail when the document is not what the figures give")
    .action(async (options: DocumentOptions & Options) => {
      const { out, runs, check } = options;
      if (runs !== undefined) await requireFolder(runs, holds);
      const document = await make(runs ?? join(out, name), options);
      if (check === true) {
        await checkDocument(out, document);
        return;
      }
      await writeDocument(out, document);
      console.log(`${join(out, `${name}.md`)}, ${document.plots.size} plots`);
    });
}

/** A folder mistyped would make a document without figures, in place of the one that has them. */
async function requireFolder(folder: string, holds: string): Promise<void> {
  if (await exists(folder)) return;
  throw new MeanetError("RESULTS_INVALID", `${folder} is not there; expected a folder that ${holds}`, {
    folder,
  });
}
