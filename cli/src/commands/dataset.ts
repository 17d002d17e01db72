import { heldOutOf, readRecipe } from "@meanet/models";
import { Command } from "commander";
import { openData, skipUnreadableText } from "../open-data.ts";

interface HeldOutOptions {
  readonly recipe: string;
  readonly data?: string;
  readonly skipUnreadable?: boolean;
}

export function datasetCommand(): Command {
  const heldOut = new Command("held-out")
    .description(
      "Prints the frames of the official training set that a recipe holds out, by index and, of pictures by class, by file, and the normalisation it takes from the rest, as JSON.",
    )
    .requiredOption("--recipe <file>", "recipe, YAML")
    .option("--data <dir>", "folder of the official files; left out: Debian's package, else the download")
    .option("--skip-unreadable", skipUnreadableText)
    .addHelpText(
      "after",
      "\nFor networks trained by other means: what a bundle is judged on must be unseen by every part of it.",
    )
    .action(async (options: HeldOutOptions) => {
      const recipe = await readRecipe(options.recipe);
      const data = await openData(recipe.data.name, {
        from: options.data,
        shape: recipe.edge.input,
        skipUnreadable: options.skipUnreadable,
      });
      console.log(JSON.stringify(await heldOutOf(recipe, data)));
    });
  return new Command("dataset").description("Tells how a data set is split.").addCommand(heldOut);
}
