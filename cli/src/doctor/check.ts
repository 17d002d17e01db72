import { reasonOf } from "@meanet/runtime";
import pc from "picocolors";

/** `broken` keeps MEANet from working here; `missing` only something that is not needed everywhere. */
type CheckState = "works" | "missing" | "broken";

export interface CheckResult {
  readonly name: string;
  readonly state: CheckState;
  readonly detail: string;
  /** What to do; undefined when there is nothing. */
  readonly advice?: string;
}

/** Runs one check; one that fails itself is broken, with its error as the detail. */
export async function check(
  name: string,
  look: () => Promise<Omit<CheckResult, "name">> | Omit<CheckResult, "name">,
): Promise<CheckResult> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    return { name, state: "broken", detail: reasonOf(error) };
  }
}

const colours = pc.createColors(process.stdout.isTTY === true);
const marks = { works: colours.green("✔"), missing: colours.yellow("–"), broken: colours.red("✖") } as const;

export function checkText({ name, state, detail, advice }: CheckResult): string {
  const lines = [`${marks[state]} ${name}: ${detail}`];
  if (advice !== undefined) lines.push(`    → ${advice}`);
  return lines.join("\n");
}
