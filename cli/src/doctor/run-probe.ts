import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const TIMEOUT_MS = 60_000;
/** Native libraries explain themselves at length. */
const MAX_DETAIL = 240;

export interface ProbeOutcome {
  readonly works: boolean;
  readonly detail: string;
}

/** Runs `probe.ts` in a process of its own: a native library that crashes takes only that one along. */
export function runProbe(...args: string[]): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const program = fileURLToPath(new URL("./probe.ts", import.meta.url));
    execFile(process.execPath, [program, ...args], { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      const said = stdout.trim();
      if (error === null) resolve({ works: true, detail: said });
      else
        resolve({ works: false, detail: (said || lastLine(stderr) || error.message).slice(0, MAX_DETAIL) });
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
