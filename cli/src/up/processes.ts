import { join, resolve } from "node:path";
import { isMeanetError, MeanetError, variableName } from "@meanet/runtime";
import { describeFailure } from "../failure.ts";
import type { Addresses } from "../ipc.ts";
import type { UpConfig } from "./config.ts";
import { type Supervised, supervise } from "./supervised.ts";

const START_TIMEOUT_MS = 60_000;
/** An edge node may wait for answers of the cloud until its deadline. */
const STOP_TIMEOUT_MS = 15_000;
const BACKOFF = { backoffMs: 250, maxBackoffMs: 10_000 };

interface Plan {
  readonly name: string;
  readonly args: (previous: Addresses | undefined) => readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ProcessesOptions {
  /** Further flags of every edge node, such as `["--provisional"]`. */
  readonly edgeFlags?: readonly string[];
  /** Aborted when the user wants an end: a start that is under way then fails. */
  readonly ending?: AbortSignal;
}

/** The processes of `meanet up`: the broker first, then the rest at once; they stop in the reverse order. */
export class Processes {
  readonly #config: UpConfig;
  readonly #onEvent: (text: string) => void;
  readonly #options: ProcessesOptions;
  readonly #running: Supervised[] = [];
  readonly #stopping = new AbortController();
  /** Told to end, by the user or by `stop`. */
  readonly #ended: AbortSignal;
  #flows: Promise<void> = Promise.resolve();

  constructor(config: UpConfig, onEvent: (text: string) => void, options: ProcessesOptions = {}) {
    this.#config = config;
    this.#onEvent = onEvent;
    this.#options = options;
    const { ending } = options;
    this.#ended = AbortSignal.any([this.#stopping.signal, ...(ending === undefined ? [] : [ending])]);
  }

  /** Name and addresses, in the order of starting. */
  get running(): readonly Supervised[] {
    return this.#running;
  }

  /** Starts the broker, unless one is given. @returns its URL @throws {MeanetError} PORT_TAKEN, PROCESS_FAILED */
  async startBroker(): Promise<string> {
    const { broker, port } = this.#config;
    if (broker !== undefined) return broker;
    try {
      const started = await this.#start({ name: "broker", args: (previous) => this.#brokerArgs(previous) });
      this.#running.push(started);
      return started.addresses.mqtt!;
    } catch (cause) {
      if (isPortTaken(cause)) {
        throw new MeanetError(
          "PORT_TAKEN",
          `port ${port} for the broker is taken: give another with --port N, take a free one with --port 0, or use the broker that runs there with --broker mqtt://127.0.0.1:${port}`,
          { port },
          { cause },
        );
      }
      throw cause;
    }
  }

  /** Starts recorder, workers and edge nodes. @throws {MeanetError} PROCESS_FAILED */
  async startNodes(brokerUrl: string): Promise<void> {
    const plans = this.#plan(brokerUrl);
    const outcomes = await Promise.allSettled(plans.map((plan) => this.#start(plan)));
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") this.#running.push(outcome.value);
    }
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    await Promise.all(this.#running.map((process_) => whenReady(process_, this.#ended)));
  }

  /** Starts Node-RED, and tells where it is once it works. Its failure is told and ends nothing: frames do not need it. */
  startFlows(brokerUrl: string): void {
    const args = (previous: Addresses | undefined) => this.#flowsArgs(brokerUrl, previous);
    this.#flows = this.#start({ name: "flows", args }).then(
      (started) => {
        this.#running.push(started);
        const { dashboard, editor } = started.addresses;
        this.#onEvent(`dashboard ${dashboard}  flows ${editor}`);
      },
      (error: unknown) => {
        if (this.#ended.aborted) return;
        const why = isPortTaken(error)
          ? "its port is taken: give another with --flows-port N, or take a free one with --flows-port 0"
          : describeFailure(error);
        this.#onEvent(`no dashboard: ${why}`);
      },
    );
  }

  /** Stops them one by one, the last started first. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#flows;
    for (const process_ of this.#running.splice(0).reverse()) await process_.stop(STOP_TIMEOUT_MS);
  }

  #start(plan: Plan): Promise<Supervised> {
    return supervise({
      ...plan,
      logFile: resolve(this.#config.state, "logs", `${plan.name}.log`),
      startTimeoutMs: START_TIMEOUT_MS,
      ...BACKOFF,
      signal: this.#ended,
      ending: this.#options.ending,
      onEvent: this.#onEvent,
    });
  }

  #brokerArgs(previous: Addresses | undefined): string[] {
    const { port, site } = this.#config;
    // Its clients come back to where it was.
    const again = previous?.mqtt === undefined ? port : Number(new URL(previous.mqtt).port);
    return [
      "broker",
      "--listeners-tcp-port",
      String(again),
      ...["--site", site],
      ...httpPort(previous),
      ...["--log-level", "info"],
    ];
  }

  #flowsArgs(brokerUrl: string, previous: Addresses | undefined): string[] {
    const { site, state, port, flowsPort = port === 0 ? 0 : undefined } = this.#config;
    const editorPort = previous?.editor === undefined ? flowsPort : new URL(previous.editor).port;
    const recorder = this.#running.find(({ name }) => name === "recorder")?.addresses.http;
    return [
      "flows",
      ...["--mqtt-url", brokerUrl, "--site", site, "--state", join(state, "flows")],
      ...(editorPort === undefined ? [] : ["--editor-port", String(editorPort)]),
      ...(recorder === undefined ? [] : ["--recorder-url", recorder]),
      ...httpPort(previous),
    ];
  }

  #influxFlags(): string[] {
    const { influx, influxVersion, influxOrg, influxBucket, influxUsername } = this.#config;
    if (influx === undefined) return [];
    return [
      ...["--influx-url", influx, "--influx-version", String(influxVersion)],
      ...(influxOrg === undefined ? [] : ["--influx-org", influxOrg]),
      ...(influxBucket === undefined ? [] : ["--influx-bucket", influxBucket]),
      ...(influxUsername === undefined ? [] : ["--influx-username", influxUsername]),
    ];
  }

  /** Not in flags, which others can see. */
  #influxSecrets(): Record<string, string> {
    const { influxToken: token, influxPassword: password } = this.#config;
    const told = Object.entries({ token, password }).filter(([, secret]) => secret !== undefined);
    return Object.fromEntries(
      told.map(([name, secret]) => [variableName("recorder", ["influx", name]), secret!]),
    );
  }

  /** Recorder first: it stops last and sees every verdict. */
  #plan(brokerUrl: string): Plan[] {
    const { site, state, sensors, policy, edges, workers, thumbnails, conventions } = this.#config;
    const common = ["--mqtt-url", brokerUrl, "--site", site];
    const bundles = this.#config.bundles ?? (sensors ? ["fashion-mnist", "uci-har"] : undefined);
    // In brackets: a folder may hold a comma.
    const models = bundles === undefined ? [] : ["--models", JSON.stringify(bundles)];
    return [
      {
        name: "recorder",
        args: (previous) => [
          "recorder",
          ...common,
          ...["--node", "recorder", "--state", join(state, "recorder")],
          ...this.#influxFlags(),
          ...httpPort(previous),
        ],
        environment: this.#influxSecrets(),
      },
      ...numbered("worker", workers).map((name) => ({
        name,
        args: (previous: Addresses | undefined) => [
          "worker",
          ...common,
          ...["--node", name],
          ...models,
          ...httpPort(previous),
        ],
      })),
      ...numbered("edge", edges).map((name) => ({
        name,
        args: (previous: Addresses | undefined) => [
          "edge",
          ...common,
          ...["--node", name, "--state", state],
          ...models,
          ...(policy === undefined ? [] : ["--policy", policy]),
          ...["--thumbnails-every", `${thumbnails}ms`],
          ...["--thumbnails-of-cloud", thumbnails === 0 ? "none" : "disagreed"],
          ...(this.#options.edgeFlags ?? []),
          ...httpPort(previous),
        ],
      })),
      ...(conventions.length === 0 ? [] : ["bridge"]).map((name) => ({
        name,
        args: (previous: Addresses | undefined) => [
          "bridge",
          ...common,
          ...["--node", name, "--conventions", conventions.join(",")],
          ...httpPort(previous),
        ],
      })),
    ];
  }
}

/** The words of the process name its own settings; those of `up` have other names. */
function isPortTaken(error: unknown): boolean {
  return isMeanetError(error) && error.details.childCode === "PORT_TAKEN";
}

function numbered(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);
}

function httpPort(previous: Addresses | undefined): string[] {
  return previous?.http === undefined ? [] : ["--http-port", new URL(previous.http).port];
}

/** A process that has started may still wait for the broker: `/readyz` tells. @throws {MeanetError} PROCESS_FAILED */
async function whenReady({ name, addresses }: Supervised, ended: AbortSignal): Promise<void> {
  const url = addresses.http;
  if (url === undefined) return;
  const deadline = performance.now() + START_TIMEOUT_MS;
  let answer = "nothing";
  while (performance.now() < deadline && !ended.aborted) {
    try {
      const response = await fetch(new URL("/readyz", url), { signal: AbortSignal.timeout(2_000) });
      if (response.ok) return;
      answer = await response.text();
    } catch (error) {
      answer = String(error);
    }
    await new Promise((wake) => setTimeout(wake, 25));
  }
  const late = ended.aborted ? "was told to end" : `had ${START_TIMEOUT_MS} ms`;
  throw new MeanetError("PROCESS_FAILED", `${name} ${late} and is not ready; /readyz: ${answer}`, { name });
}
