/** `npm run bench -- soak`: whether anything grows while everything runs for long. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { MeanetError, StartedParts } from "@meanet/runtime";
import { parseFlags, wholeNumber } from "../flags.ts";
import { describeMachine } from "../machine.ts";
import { BIN } from "../meanet-process.ts";
import { memoryOfTree } from "../memory.ts";
import { progress } from "../progress.ts";
import { openState } from "../state-folder.ts";
import { textTable } from "../text-table.ts";
import { growthOf, type MemorySample } from "./growth.ts";

const help = `Usage: npm run bench -- soak [options]

Runs all of meanet up, dashboard included, at a steady rate, and looks at the memory of each process.
Prints a table; writes bench/results/soak.json. Linux only.

Options:
  --minutes N  length of the run (default: 60)
  --rate N     frames per second, four cameras together (default: 100)
  --help       this text`;

const SAMPLES = 60;

/** @throws {MeanetError} CONFIG_INVALID, PROCESS_FAILED */
export async function benchSoak(args: readonly string[]): Promise<void> {
  const { values } = parseFlags("npm run bench -- soak", {
    args: [...args],
    options: { minutes: { type: "string" }, rate: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    console.log(help);
    return;
  }
  const minutes = wholeNumber("--minutes", values.minutes ?? "60", 10_000);
  const rate = wholeNumber("--rate", values.rate ?? "100", 10_000);
  const machine = describeMachine();
  const samples: MemorySample[] = [];
  const parts = new StartedParts();
  const summary = await parts.guard(async () => {
    const up = startUp(await openState(parts), rate);
    const startMs = performance.now();
    for (let sample = 1; sample <= SAMPLES; sample++) {
      await Promise.race([wait((minutes * 60_000) / SAMPLES), up.ended]);
      if (up.hasEnded) break;
      samples.push({ atMs: performance.now() - startMs, processes: memoryOfTree(up.pid) });
      if (sample % 10 === 0)
        progress(`${Number(((sample * minutes) / SAMPLES).toFixed(1))} of ${minutes} minutes`);
    }
    return up.stop();
  });
  await parts.stop();
  const growth = growthOf(samples);
  const { frames, verdicts, refused, dropped, store } = summary;
  const report = {
    schema: 1,
    date: new Date().toISOString(),
    command: ["npm run bench -- soak", ...args].join(" "),
    machine,
    settings: { minutes, rate },
    ...{ frames, verdicts, refused, dropped, missing: store.missing },
    processes: growth,
  };
  const file = new URL("../../results/soak.json", import.meta.url);
  await mkdir(new URL(".", file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(`${machine.cpu}, ${machine.cores} cores, load ${machine.loadBefore} before`);
  console.log(
    `${minutes} minutes at ${rate} frames/s: ${frames} frames, ${verdicts} verdicts, ${refused} refused, ${dropped} without an end, ${store.missing} rows missing\n`,
  );
  console.log(
    textTable([
      ["process", "RSS early MB", "late MB", "peak MB", "MB/hour"],
      ...growth.map(({ name, earlyBytes, lateBytes, peakBytes, bytesPerHour }) => [
        name,
        ...[earlyBytes, lateBytes, peakBytes, bytesPerHour].map((bytes) => (bytes / 1e6).toFixed(0)),
      ]),
    ]),
  );
  console.log("\nbench/results/soak.json");
}

/** Of the summary of `meanet up --json`. */
interface UpSummary {
  readonly frames: number;
  readonly verdicts: number;
  readonly refused: number;
  readonly dropped: number;
  readonly store: { readonly missing: number };
}

function startUp(state: string, rate: number) {
  const child = spawn(
    process.execPath,
    [BIN, "up", "--json", ...["--port", "0", "--flows-port", "0", "--state", state, "--rate", String(rate)]],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
  });
  const up = {
    pid: child.pid!,
    hasEnded: false,
    ended: once(child, "close").then(() => {
      up.hasEnded = true;
    }),
    async stop(): Promise<UpSummary> {
      child.kill("SIGTERM");
      await up.ended;
      try {
        return JSON.parse(output) as UpSummary;
      } catch (cause) {
        throw new MeanetError(
          "PROCESS_FAILED",
          `meanet up ended without a summary, with ${child.signalCode ?? child.exitCode}`,
          {},
          { cause },
        );
      }
    },
  };
  return up;
}
