import { Command, CommanderError } from "commander";
import packageManifest from "../package.json" with { type: "json" };
import { endWithReader } from "./broken-pipe.ts";
import { exitCodes, reportFailure } from "./failure.ts";

interface Entry {
  readonly summary: string;
  /** Loaded only when asked for: a process must not wait for the modules of all others. */
  readonly load: () => Promise<Command>;
}

const commands: Readonly<Record<string, Entry>> = {
  up: {
    summary:
      "start everything: broker, edge node, cloud worker, recorder, dashboard, and cameras that replay real frames",
    load: async () => (await import("./commands/up.ts")).upCommand(),
  },
  broker: {
    summary: "run the MQTT broker",
    load: async () => (await import("./commands/broker.ts")).brokerCommand(),
  },
  edge: {
    summary: "run an edge node: frames to verdicts",
    load: async () => (await import("./commands/edge.ts")).edgeCommand(),
  },
  worker: {
    summary: "run a cloud worker: answers to complex frames",
    load: async () => (await import("./commands/worker.ts")).workerCommand(),
  },
  recorder: {
    summary: "run the recorder: verdicts and joules to SQLite and InfluxDB",
    load: async () => (await import("./commands/recorder.ts")).recorderCommand(),
  },
  flows: {
    summary: "run Node-RED: nodes, flows and dashboard",
    load: async () => (await import("./commands/flows.ts")).flowsCommand(),
  },
  bridge: {
    summary: "run the bridge: nodes and cameras in the conventions of others, such as Home Assistant",
    load: async () => (await import("./commands/bridge.ts")).bridgeCommand(),
  },
  camera: {
    summary: "publish the pictures of a real camera or video, as ffmpeg reads it",
    load: async () => (await import("./commands/camera.ts")).cameraCommand(),
  },
  replay: {
    summary: "publish labelled frames of a data set as simulated cameras",
    load: async () => (await import("./commands/replay.ts")).replayCommand(),
  },
  train: {
    summary: "train a bundle by a recipe",
    load: async () => (await import("./commands/train.ts")).trainCommand(),
  },
  evaluate: {
    summary: "measure a bundle: accuracy, exits, joules, the curve over the threshold",
    load: async () => (await import("./commands/evaluate.ts")).evaluateCommand(),
  },
  results: {
    summary:
      "make the documents of results, cifar-100 and low-light, from figures of runs; put runs on record",
    load: async () => (await import("./commands/results.ts")).resultsCommand(),
  },
  query: {
    summary: "ask the store: throughput, exits, latency, energy, savings, accuracy, drops, nodes and more",
    load: async () => (await import("./commands/query.ts")).queryCommand(),
  },
  trace: {
    summary: "tell the way of one frame: verdicts, times, joules, probabilities; also as OTLP JSON",
    load: async () => (await import("./commands/trace.ts")).traceCommand(),
  },
  whatif: {
    summary: "tell what other thresholds would have given on the recorded frames",
    load: async () => (await import("./commands/whatif.ts")).whatIfCommand(),
  },
  scenario: {
    summary: "run a scenario and report it: low-light, where the edge learns",
    load: async () => (await import("./commands/scenario.ts")).scenarioCommand(),
  },
  bundle: {
    summary: "list, show, verify and quantise model bundles; create one of an ONNX classifier",
    load: async () => (await import("./commands/bundle.ts")).bundleCommand(),
  },
  dataset: {
    summary: "tell which frames a recipe holds out",
    load: async () => (await import("./commands/dataset.ts")).datasetCommand(),
  },
  doctor: {
    summary: "check this machine and say what to do",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  },
};

/** Runs the command line; sets the exit code, or ends the process where a command must not linger. */
export async function main(argv: readonly string[]): Promise<void> {
  endWithReader(process.stdout);
  endWithReader(process.stderr);
  const program = new Command("meanet")
    .description("Complexity-aware AI between edge and cloud, over MQTT.")
    .version(packageManifest.version)
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      `
Exit codes: ${exitCodes.done} done; ${exitCodes.failed} failed, with the error's code and what to do; ${exitCodes.usage} wrong usage.
Settings of a process: --config FILE < environment (MEANET__EDGE__MQTT__URL) < flags; "meanet edge --help" lists them.
Start with: meanet up`,
    );
  try {
    await addCommands(program, argv[2]);
    throwInsteadOfExit(program);
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and usage errors have been printed.
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
      return;
    }
    reportFailure(error);
    process.exitCode = exitCodes.failed;
  }
}

/** All by name and summary; the one asked for in full. */
async function addCommands(program: Command, wanted: string | undefined): Promise<void> {
  for (const [name, { summary, load }] of Object.entries(commands)) {
    if (name === wanted) program.addCommand((await load()).summary(summary));
    else program.command(name).summary(summary).description(summary);
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}
