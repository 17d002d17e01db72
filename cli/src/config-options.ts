import { type ConfigLeaf, configLeaves, flagName, variableName } from "@meanet/runtime";
import { type Command, Option } from "commander";
import type { z } from "zod";

/** Adds `--config` and one flag per setting of the schema; help shows description, choices, default and variable. */
export function addConfigOptions(command: Command, name: string, schema: z.ZodType): void {
  command.option("--config <file>", "YAML file with the settings below; environment and flags go before it");
  for (const leaf of configLeaves(schema)) command.addOption(optionOf(leaf, name));
}

/** The settings given as flags, by dotted path, as `loadConfig` reads them. */
export function configFlags(
  schema: z.ZodType,
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const flags: Record<string, unknown> = {};
  for (const leaf of configLeaves(schema)) {
    const value = options[attributeName(leaf)];
    if (value === undefined) continue;
    flags[leaf.path.join(".")] = leaf.type === "array" && typeof value === "string" ? listOf(value) : value;
  }
  return flags;
}

function optionOf(leaf: ConfigLeaf, name: string): Option {
  const flag = `--${flagName(leaf.path)}`;
  return new Option(
    // Without a value commander gives true.
    leaf.type === "boolean" ? `${flag} [boolean]` : `${flag} <${placeholder(leaf)}>`,
    `${describe(leaf)} [${variableName(name, leaf.path)}]`,
  );
}

function describe(leaf: ConfigLeaf): string {
  const choices = leaf.choices === undefined ? "" : `; one of ${leaf.choices.join(", ")}`;
  // Defaults belong to the schema: commander must not know them, else they would override file and environment.
  const fallback = leaf.default === undefined ? "" : ` (default: ${JSON.stringify(leaf.default)})`;
  return `${leaf.description}${choices}${fallback}`;
}

function placeholder(leaf: ConfigLeaf): string {
  switch (leaf.type) {
    case "array":
      return "a,b,…";
    case "other":
      return "yaml";
    case "string":
      return "text";
    default:
      return leaf.type;
  }
}

/** `cuda,cpu` for people; `["cuda", "cpu"]`, as in the file, for elements that hold a comma. */
function listOf(text: string): unknown {
  return text.trimStart().startsWith("[") ? text : text.split(",").map((element) => element.trim());
}

/** How commander names the value of a flag. */
function attributeName(leaf: ConfigLeaf): string {
  return flagName(leaf.path).replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
