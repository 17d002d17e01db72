/** `npm run bench -- engines`: what one frame costs in the blocks of a bundle, on one core. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseFlags, wholeNumber } from "../flags.ts";
import { describeMachine } from "../machine.ts";
import { progress } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { type BlockTimes, timeBundle } from "./time-bundle.ts";

const defaultOut = "bench/results/engines.json";
const defaultBundles = [
  "fashion-mnist",
  "fashion-mnist-int8",
  "uci-har",
  "cifar100-resnet32-a",
  "cifar100-resnet32-a-int8",
];
const batches = [1, 32];

const help = `Usage: npm run bench -- engines [options] [BUNDLE...]

Measures, per frame, the blocks of bundles in their engine threads, one core each, at batches of ${batches.join(" and ")}: the
time of the native run, and that time with the way to the thread and back. The blocks of one bundle take turns.

Bundles: names of models/zoo or folders (default: ${defaultBundles.join(", ")})

Options:
  --runs N     runs of each block and batch; the figures are medians (default: 200)
  --out FILE   where the figures go (default: ${defaultOut})
  --help       this text`;

/** @throws {MeanetError} CONFIG_INVALID, BUNDLE_MISSING, BUNDLE_INVALID */
export async function benchEngines(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseFlags("npm run bench -- engines", {
    args: [...args],
    allowPositionals: true,
    options: { runs: { type: "string" }, out: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    console.log(help);
    return;
  }
  const runs = wholeNumber("--runs", values.runs ?? "200", 100_000);
  const bundles = positionals.length > 0 ? positionals : defaultBundles;
  const figures: BlockTimes[] = [];
  for (const bundle of bundles) {
    progress(bundle);
    figures.push(...(await timeBundle(bundle, { batches, runs })));
  }
  const out = resolve(values.out ?? defaultOut);
  await mkdir(dirname(out), { recursive: true });
  const command = ["npm run bench -- engines", ...args].join(" ");
  const machine = describeMachine();
  const report = { schema: 1, date: new Date().toISOString(), command, machine, runs, figures };
  await writeFile(out, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(
    `${machine.cpu}, Node ${machine.versions.node}, medians of ${runs} runs, milliseconds a frame\n`,
  );
  console.log(table(figures));
  console.log(`\n${out}`);
}

function table(figures: readonly BlockTimes[]): string {
  return textTable([
    ["bundle", "block", "batch", "MACs", "run", "run + thread"],
    ...figures.map(({ bundle, block, batch, macs, computeMs, roundTripMs }) => [
      bundle,
      block,
      String(batch),
      `${(macs / 1e6).toFixed(2)} M`,
      computeMs.toFixed(3),
      roundTripMs.toFixed(3),
    ]),
  ]);
}
