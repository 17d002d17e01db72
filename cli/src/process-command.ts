import {
  createLog,
  type LogLevel,
  loadConfig,
  logLevels,
  type Running,
  type StartContext,
} from "@meanet/runtime";
import { Command, Option } from "commander";
import type { z } from "zod";
import { addConfigOptions, configFlags } from "./config-options.ts";
import { codeOf, describeFailure, exitCodes, reportFailure } from "./failure.ts";
import { type Addresses, tellParent } from "./ipc.ts";
import { untilStopped } from "./lifetime.ts";

export interface ProcessOptions<S extends z.ZodType, R extends Running> {
  /** As in `meanet edge` and `MEANET__EDGE__…`. */
  readonly name: string;
  readonly description: string;
  readonly schema: S;
  readonly start: (config: z.output<S>, context: StartContext) => Promise<R>;
  readonly addresses: (running: R) => Readonly<Record<string, string | undefined>>;
  /** Work that a flag asks for in place of running; with the same settings. */
  readonly errand?: Errand<z.output<S>>;
}

interface Errand<C> {
  /** `--provision` */
  readonly flag: string;
  readonly description: string;
  /** @returns what to print, a line each */
  readonly run: (config: C) => Promise<readonly string[]>;
}

/** The command of one process: settings from file, environment and flags; runs until it is told to stop. */
export function processCommand<S extends z.ZodType, R extends Running>(
  options: ProcessOptions<S, R>,
): Command {
  const command = new Command(options.name).description(options.description);
  addConfigOptions(command, options.name, options.schema);
  command.addOption(
    new Option("--log-level <level>", "least level of the JSON lines on standard error")
      .choices(logLevels)
      .default("info")
      .env("MEANET_LOG_LEVEL"),
  );
  const { errand } = options;
  if (errand !== undefined) command.option(errand.flag, errand.description);
  return command.action((values: Record<string, unknown>) =>
    errand !== undefined && values[errand.flag.replace("--", "")] === true
      ? runErrand(options, errand, values)
      : runProcess(options, values),
  );
}

async function runErrand<S extends z.ZodType, R extends Running>(
  { name, schema }: ProcessOptions<S, R>,
  errand: Errand<z.output<S>>,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const line of await errand.run(readConfig(name, schema, values))) console.log(line);
}

function readConfig<S extends z.ZodType>(
  name: string,
  schema: S,
  values: Readonly<Record<string, unknown>>,
): z.output<S> {
  return loadConfig(name, schema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(schema, values),
  });
}

async function runProcess<S extends z.ZodType, R extends Running>(
  options: ProcessOptions<S, R>,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { name, schema } = options;
  const stopping = new AbortController();
  const stopped = untilStopped().then(() => stopping.abort());
  let running: R;
  try {
    const config = readConfig(name, schema, values);
    running = await options.start(config, {
      log: createLog(name, values.logLevel as LogLevel),
      signal: stopping.signal,
    });
  } catch (error) {
    reportFailure(error);
    await tellParent({ type: "failed", code: codeOf(error), text: describeFailure(error) });
    process.exit(exitCodes.failed);
  }
  if (!stopping.signal.aborted) {
    const addresses = reachable(options.addresses(running));
    console.log(readyLine(name, addresses));
    await tellParent({ type: "ready", addresses });
  }
  let code: number = exitCodes.done;
  try {
    await (running.failed === undefined ? stopped : Promise.race([stopped, running.failed]));
  } catch (error) {
    reportFailure(error);
    code = exitCodes.failed;
  }
  try {
    await running.stop();
  } catch (error) {
    reportFailure(error);
    code = exitCodes.failed;
  }
  // What a library left open must not keep a process alive that has stopped.
  process.exit(code);
}

function reachable(addresses: Readonly<Record<string, string | undefined>>): Addresses {
  return Object.fromEntries(
    Object.entries(addresses).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function readyLine(name: string, addresses: Addresses): string {
  const listed = Object.entries(addresses).map(([what, where]) => `${what} ${where}`);
  return [`meanet ${name}: ready`, ...listed].join("  ");
}
