/** `npm run bench -- memory`: the memory of training block by block against training all at once. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { stepSession } from "@meanet/models";
import { MeanetError } from "@meanet/runtime";
import { parseFlags, wholeNumber } from "../flags.ts";
import { describeMachine } from "../machine.ts";
import { progress } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { memoryCases } from "./cases.ts";
import { type MemoryFigures, measureCase } from "./measure.ts";

const defaultOut = "docs/results/cifar-100/training-memory.json";
const batch = 128;

const help = `Usage: npm run bench -- memory [options]

Measures the peak resident memory of training steps of ResNet-32 on frames of 3x32x32, batch ${batch}: adaptive and extension
block with main frozen, all three at once, and ResNet-32 alone. Linux only; takes a minute or two.

Options:
  --processes N   processes of each case; the figures are medians (default: 3)
  --out FILE      where the figures go (default: ${defaultOut})
  --help          this text`;

/** @throws {MeanetError} CONFIG_INVALID */
export async function benchMemory(args: readonly string[]): Promise<void> {
  const { values } = parseFlags("npm run bench -- memory", {
    args: [...args],
    options: { processes: { type: "string" }, out: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    console.log(help);
    return;
  }
  const processes = wholeNumber("--processes", values.processes ?? "3", 100);
  if (process.platform !== "linux") {
    throw new MeanetError("CONFIG_INVALID", "resident memory is read from /proc: run this on Linux", {});
  }
  const machine = describeMachine();
  const cases: MemoryFigures[] = [];
  for (const given of memoryCases(batch)) {
    progress(given.name);
    cases.push(await measureCase(given, processes));
  }
  const out = resolve(values.out ?? defaultOut);
  await mkdir(dirname(out), { recursive: true });
  const command = "npm run bench -- memory";
  const report = {
    schema: 1,
    date: new Date().toISOString(),
    command,
    machine,
    batch,
    session: stepSession,
    cases,
  };
  await writeFile(out, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(memoryText(cases));
  console.log(`\n${out}`);
}

function memoryText(cases: readonly MemoryFigures[]): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  return textTable([
    ["case", "measured MiB", "computed MiB", "what is trained"],
    ...cases.map(({ name, what, measuredBytes, computed }) => [
      name,
      mib(measuredBytes),
      mib(computed.total),
      what,
    ]),
  ]);
}
