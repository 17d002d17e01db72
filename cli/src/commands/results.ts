import { join } from "node:path";
import { resolveBundle, zooFolder } from "@meanet/models";
import { Command } from "commander";
import { cifar100Document } from "../results/cifar-100.ts";
import { readInputs, recordRun } from "../results/inputs.ts";
import { checkDocument, pictureFolder, writeDocument } from "../results/write.ts";

const root = join(import.meta.dirname, "../../..");
const documents = join(root, "docs/results");
const recipes = join(root, "models/recipes");

interface DocumentOptions {
  readonly zoo: string;
  readonly out: string;
  readonly runs?: string;
  readonly check?: true;
}

export function resultsCommand(): Command {
  const cifar100 = new Command("cifar-100")
    .description("Writes cifar-100.md and its plots from the figures of bundles, runs and measurements.")
    .option("--zoo <dir>", "folder of bundles", zooFolder)
    .option("--runs <dir>", "holds runs/*.json and training-memory.json (default: cifar-100 in --out)")
    .option("--out <dir>", "folder of the document", documents)
    .option("--check", "write nothing; fail when the document is not what the figures give")
    .action(async ({ zoo, out, runs, check }: DocumentOptions) => {
      const document = cifar100Document(
        await readInputs({ zoo, recipes, runs: runs ?? join(out, pictureFolder) }),
        pictureFolder,
      );
      if (check === true) {
        await checkDocument(out, document);
        return;
      }
      await writeDocument(out, document);
      console.log(`${join(out, "cifar-100.md")}, ${document.plots.size} plots`);
    });
  const record = new Command("record")
    .description("Keeps a bundle's manifest and figures for the document, without its models.")
    .argument("<bundle>", "name in the zoo, or a folder")
    .option("--runs <dir>", "folder whose runs/ takes the file", join(documents, pictureFolder))
    .action(async (bundle: string, { runs }: { runs: string }) => {
      console.log(await recordRun(await resolveBundle(bundle), runs));
    });
  return new Command("results")
    .description("Makes the documents of results from figures of runs.")
    .addCommand(cifar100)
    .addCommand(record);
}
