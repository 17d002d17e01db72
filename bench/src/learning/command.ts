/** `npm run bench -- learning`: the answers of an edge node with and without a training beside them, in one run. */
import { mkdir, writeFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { parseFlags, wholeNumber } from "../flags.ts";
import { describeMachine } from "../machine.ts";
import { progress } from "../progress.ts";
import { openSample, type Sample } from "../sample.ts";
import { median, percentile } from "../statistics.ts";
import { textTable } from "../text-table.ts";
import { type LearningEdge, openLearningEdge } from "./learning-edge.ts";

const help = `Usage: npm run bench -- learning [options]

Measures the latency of an edge node's answers at a steady rate, alone and while it trains its extension
on labelled frames, in turns within one run. Prints a table; writes bench/results/learning.json.

Options:
  --rate N     frames per second (default: 50)
  --frames N   frames of each round (default: 1000)
  --rounds N   rounds of each case, in turns; the figures are medians (default: 3)
  --epochs N   epochs of each training; a round ends with it (default: 30)
  --help       this text`;

const TAUGHT = 600;
const TIMEOUT_MS = 30_000;

interface Round {
  readonly latenciesMs: readonly number[];
}

/** @throws {MeanetError} CONFIG_INVALID, PROCESS_FAILED */
export async function benchLearning(args: readonly string[]): Promise<void> {
  const options = read(args);
  if (options === undefined) {
    console.log(help);
    return;
  }
  const { rate, frames, rounds, epochs } = options;
  const machine = describeMachine();
  const sample = await openSample();
  const edge = await openLearningEdge(epochs);
  const alone: Round[] = [];
  const beside: Round[] = [];
  const trainings: { imagesPerS: number; pausedShare: number; energyJ: number }[] = [];
  let [peakBefore, peakAfter] = [0, 0];
  try {
    progress(`teaching ${TAUGHT} frames`);
    await teach(edge, sample);
    await measure(edge, sample, { rate, frames, while: () => true });
    peakBefore = edge.peakBytes();
    for (let round = 1; round <= rounds; round++) {
      alone.push(await measure(edge, sample, { rate, frames, while: () => true }));
      await edge.begin();
      const beganMs = performance.now();
      beside.push(await measure(edge, sample, { rate, frames, while: () => edge.training }));
      const seen = await edge.end();
      const seconds = (performance.now() - beganMs) / 1000;
      // The first epoch ended before the clock began.
      const timed = seen.slice(1);
      const pausedS = timed.reduce((sum, { pausedMs }) => sum + pausedMs, 0) / 1000;
      trainings.push({
        imagesPerS: median(timed.map(({ imagesPerS }) => imagesPerS)),
        pausedShare: pausedS / seconds,
        energyJ: seen.reduce((sum, { energyJ }) => sum + energyJ, 0),
      });
      progress(
        `round ${round} of ${rounds}: p99 ${p(alone, 99)} ms alone, ${p(beside, 99)} ms beside a training`,
      );
    }
    peakAfter = edge.peakBytes();
  } finally {
    await edge.close();
  }
  const cases = [summary("alone", alone), summary("while training", beside)] as const;
  const ratio = (key: "p50Ms" | "p99Ms") => cases[1][key] / cases[0][key];
  const report = {
    schema: 1,
    date: new Date().toISOString(),
    command: ["npm run bench -- learning", ...args].join(" "),
    machine,
    settings: { rate, frames, rounds, epochs, taught: TAUGHT },
    cases,
    ratio: { p50: ratio("p50Ms"), p99: ratio("p99Ms") },
    trainings,
    edgePeakBytes: { before: peakBefore, after: peakAfter },
  };
  const file = new URL("../../results/learning.json", import.meta.url);
  await mkdir(new URL(".", file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(
    `${machine.cpu}, ${machine.cores} cores, load ${machine.loadBefore} before; ${rate} frames/s\n`,
  );
  console.log(
    textTable([
      ["case", "frames", "p50 ms", "p99 ms"],
      ...cases.map(({ name, count, p50Ms, p99Ms }) => [
        name,
        String(count),
        p50Ms.toFixed(2),
        p99Ms.toFixed(2),
      ]),
      ["ratio", "", ratio("p50Ms").toFixed(2), ratio("p99Ms").toFixed(2)],
    ]),
  );
  const of = (key: keyof (typeof trainings)[number]) => median(trainings.map((training) => training[key]));
  console.log(
    `\ntraining: ${of("imagesPerS").toFixed(0)} frames/s, paused ${(100 * of("pausedShare")).toFixed(0)} % of the time, ` +
      `${of("energyJ").toFixed(1)} J (modelled); edge node at most ${mib(peakBefore)} MiB before, ${mib(peakAfter)} MiB after`,
  );
}

/** Frames of known classes, and their classes. */
async function teach({ device }: LearningEdge, sample: Sample): Promise<void> {
  for (let index = 0; index < TAUGHT; index++) {
    const id = await device.publishFrame(sample.payload(index), { id: `taught-${index}`, qos: 1 });
    await device.awaitVerdict(id, TIMEOUT_MS);
    await device.label(id, sample.classIndex(index));
  }
}

/** Sends at a steady rate, whatever the answers do. */
async function measure(
  { device }: LearningEdge,
  sample: Sample,
  plan: { readonly rate: number; readonly frames: number; readonly while: () => boolean },
): Promise<Round> {
  const latenciesMs: number[] = [];
  const answers: Promise<void>[] = [];
  const startMs = performance.now();
  for (let index = 0; index < plan.frames && plan.while(); index++) {
    const dueMs = startMs + (1000 * index) / plan.rate;
    await wait(Math.max(0, dueMs - performance.now()));
    const sentMs = performance.now();
    const id = await device.publishFrame(sample.payload(index), { id: crypto.randomUUID(), qos: 1 });
    answers.push(
      device.awaitVerdict(id, TIMEOUT_MS).then(() => {
        latenciesMs.push(performance.now() - sentMs);
      }),
    );
  }
  await Promise.all(answers);
  return { latenciesMs };
}

function summary(name: string, rounds: readonly Round[]) {
  const ofEach = (percent: number) =>
    median(rounds.map(({ latenciesMs }) => percentile(latenciesMs, percent)));
  return {
    name,
    count: rounds.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0),
    p50Ms: ofEach(50),
    p99Ms: ofEach(99),
  };
}

function p(rounds: readonly Round[], percent: number): string {
  return percentile(rounds.at(-1)!.latenciesMs, percent).toFixed(1);
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function read(args: readonly string[]) {
  const text = { type: "string" } as const;
  const { values } = parseFlags("npm run bench -- learning", {
    args: [...args],
    options: { rate: text, frames: text, rounds: text, epochs: text, help: { type: "boolean" } },
  });
  if (values.help === true) return undefined;
  const number = (flag: "rate" | "frames" | "rounds" | "epochs", otherwise: number): number =>
    wholeNumber(`--${flag}`, values[flag] ?? String(otherwise), 100_000);
  return {
    rate: number("rate", 50),
    frames: number("frames", 1000),
    rounds: number("rounds", 3),
    epochs: number("epochs", 30),
  };
}
