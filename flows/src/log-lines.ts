import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Logger } from "@meanet/runtime";
import type { LogLine } from "./child/messages.ts";

/** A node that prints a picture must not fill the log. */
const LONGEST = 4_000;

/** Writes what Node-RED prints into our log: its own log by level and node, anything else as it came. */
export function logLines(stream: Readable, log: Logger, otherwise: "info" | "warn"): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
    const said = parseLogLine(line);
    if (said !== undefined) {
      const { level, text, nodeType, nodeName } = said;
      log[level]({ nodeType, nodeName }, text.slice(0, LONGEST));
    } else if (line.trim() !== "") {
      log[otherwise](line.slice(0, LONGEST));
    }
  });
}

/** Undefined for anything that `child/settings.ts` has not written. */
function parseLogLine(line: string): LogLine | undefined {
  if (!line.startsWith('{"nodeRed":"log"')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
