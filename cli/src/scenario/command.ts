import { flagName, variableName } from "@meanet/runtime";
import { type LowLightConfig, lowLightConfigSchema } from "./config.ts";

/** Settings that change no figure of a run: where data lies, and where figures go. */
const placeSettings = new Set<string>(["data", "out", "json"]);
/** Of the edge node's own variables: addresses, and passwords among them. */
const connectionVariables = ["mqtt", "http"].map((section) => variableName("edge", [section]));

/**
 * The command that gives a run again: its seed, and whatever is not the default.
 *
 * @param environment - variables of the edge node in it stand before the command
 */
export function lowLightCommand(config: LowLightConfig, environment: NodeJS.ProcessEnv): string {
  const defaults = Object.entries(lowLightConfigSchema.parse({}));
  const known = new Map<string, unknown>(defaults);
  const variables = Object.entries(environment)
    .filter(([name]) => name.startsWith(variableName("edge", [""])))
    .filter(([name]) => !connectionVariables.some((section) => name.startsWith(section)))
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => `${name}=${value}`);
  const flags = Object.entries(config)
    .filter(([name, value]) => !placeSettings.has(name) && (name === "seed" || value !== known.get(name)))
    .map(([name, value]) => `--${flagName([name])} ${value}`);
  return [...variables, "npm run meanet -- scenario low-light", ...flags].join(" ");
}
