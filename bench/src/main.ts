/** `npm run bench`: see `options.ts` for what it does and takes. */
import { mkdir, writeFile } from "node:fs/promises";
import { loadBundle, resolveBundle } from "@meanet/models";
import { isMeanetError, StartedParts } from "@meanet/runtime";
import { openEngineAlone } from "./engine-alone.ts";
import { benchEngines } from "./engines/command.ts";
import { benchLearning } from "./learning/command.ts";
import { describeMachine } from "./machine.ts";
import type { ProcessMemory } from "./memory.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { openPipeline, type Policy, policies } from "./pipeline.ts";
import { progress } from "./progress.ts";
import { openRelay } from "./relay.ts";
import { type CaseName, cases, casesTable, memoryTable, summarise, summariseMemory } from "./report.ts";
import { type FrameOutcome, measureRound, type Round } from "./round.ts";
import { openSample } from "./sample.ts";
import { benchSoak } from "./soak/command.ts";
import { benchMemory } from "./training-memory/command.ts";

const BUNDLE = "fashion-mnist";
const OUTSTANDING = 64;
/** A round of few tenths of a second tells little: the engines and the relay alone get so many times the frames. */
const FRAMES_FACTOR_ALONE = 5;

async function bench({ frames, rounds, name }: Options, args: readonly string[]): Promise<void> {
  const machine = describeMachine();
  const date = new Date().toISOString();
  const bundle = await loadBundle(await resolveBundle(BUNDLE));
  const sample = await openSample();
  const parts = new StartedParts();
  const { measured, memory } = await parts.guard(async () => {
    progress("starting engines, relay and pipeline");
    const engine = await openEngineAlone(bundle, sample);
    parts.add("engine", engine, (opened) => opened.close());
    const relay = await openRelay(sample);
    parts.add("relay", relay, (opened) => opened.close());
    const pipeline = await openPipeline(sample);
    parts.add("pipeline", pipeline, (opened) => opened.close());

    const send = (name: CaseName): ((index: number) => Promise<FrameOutcome>) => {
      if (name === "engine alone") return engine.send;
      return name === "relay alone" ? relay.send : pipeline.send;
    };
    const measure = async (name: CaseName): Promise<Round> => {
      const policy = policyOf(name);
      if (policy !== undefined) await pipeline.setPolicy(policy);
      const count = policy === undefined ? frames * FRAMES_FACTOR_ALONE : frames;
      return measureRound({ frames: count, outstanding: OUTSTANDING, send: send(name) });
    };

    progress("one round of each that does not count: code gets compiled, connections and buffers grow");
    for (const name of cases) await measure(name);
    const measured = Object.fromEntries(cases.map((name) => [name, [] as Round[]])) as Record<
      CaseName,
      Round[]
    >;
    const memory: (readonly ProcessMemory[])[] = [];
    for (let round = 0; round < rounds; round++) {
      // There and back: what the machine does beside this in the course of a run falls on no case alone.
      const order = round % 2 === 0 ? cases : cases.toReversed();
      for (const name of order) {
        const figures = await measure(name);
        measured[name].push(figures);
        if (policyOf(name) !== undefined) memory.push(pipeline.memory());
        progress(`round ${round + 1} of ${rounds}: ${name} ${figures.framesPerS.toFixed(0)} frames/s`);
      }
    }
    return { measured, memory };
  });
  await parts.stop();

  const reports = summarise(measured);
  const held = summariseMemory(memory);
  const settings = {
    frames,
    rounds,
    outstanding: OUTSTANDING,
    framesFactorAlone: FRAMES_FACTOR_ALONE,
    warmUpRounds: 1,
    qos: 1,
    payloadBytes: sample.payload(0).length,
    model: `${bundle.manifest.name}@${bundle.manifest.version}`,
    threshold: bundle.manifest.threshold,
  };
  const command = ["npm run bench", ...(args.length === 0 ? [] : ["--", ...args])].join(" ");
  const file = new URL(`../results/${name}.json`, import.meta.url);
  await mkdir(new URL(".", file), { recursive: true });
  const result = { schema: 1, date, command, machine, settings, cases: reports, memory: held };
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);

  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.versions.node}, ${settings.model}`);
  console.log(
    `${frames} frames of ${settings.payloadBytes} bytes a round, ${OUTSTANDING} outstanding, medians of ${rounds} rounds\n`,
  );
  console.log(`${casesTable(reports)}\n`);
  if (held.processes.length > 0) console.log(`${memoryTable(held)}\n`);
  console.log(`bench/results/${name}.json`);
}

function policyOf(name: CaseName): Policy | undefined {
  return policies.find((policy) => policy === name);
}

const args = process.argv.slice(2);
try {
  if (args[0] === "memory") await benchMemory(args.slice(1));
  else if (args[0] === "engines") await benchEngines(args.slice(1));
  else if (args[0] === "learning") await benchLearning(args.slice(1));
  else if (args[0] === "soak") await benchSoak(args.slice(1));
  else {
    const options = readOptions(args);
    if (options.help) console.log(HELP);
    else await bench(options, args);
  }
} catch (error) {
  console.error(isMeanetError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
