import { once } from "node:events";
import { createServer } from "node:net";
import {
  type HttpListener,
  listenError,
  listenHttp,
  MeanetError,
  type Running,
  type StartContext,
  StartedParts,
} from "@meanet/runtime";
import { MqttSession, StatsPublisher } from "@meanet/session";
import packageManifest from "../package.json" with { type: "json" };
import type { Config } from "./config.ts";
import { writeFirstCredentials } from "./credentials.ts";
import { deliverFlows } from "./delivery/deliver.ts";
import { flowEnvironment } from "./flow-environment.ts";
import { KeptRunning } from "./kept-running.ts";
import { isLoopback } from "./loopback.ts";
import { startNodeRed } from "./node-red.ts";
import { nodePackages, nodeRedProgram, openStateFolder, writeSettingsFile } from "./state-folder.ts";
import { Tally } from "./tally.ts";

export interface RunningFlows extends Running {
  /** `http://127.0.0.1:1880` */
  readonly editor: string;
  readonly dashboard: string;
  /** Health and metrics; undefined when switched off. */
  readonly http: HttpListener | undefined;
  /** Of Node-RED now; undefined between two lives. */
  readonly pid: number | undefined;
}

const CONNECT_WAIT_MS = 1_000;

/**
 * Starts Node-RED with our nodes and flows. Resolves when its editor answers; a broker that is not there yet is waited for in the
 * background, by this node and by the flows alike.
 *
 * @throws {MeanetError} LOGIN_REQUIRED, PORT_TAKEN, NODE_RED_FAILED, CONFIG_INVALID
 */
export function start(config: Config, { log, signal }: StartContext): Promise<RunningFlows> {
  const parts = new StartedParts();
  return parts.guard(async () => {
    const { node, site, editor, login } = config;
    if (login === undefined && !isLoopback(editor.host)) {
      throw new MeanetError(
        "LOGIN_REQUIRED",
        `the editor would be open to everyone who reaches ${editor.host}, and who edits flows runs programs: give login.username and login.password, or a loopback address such as 127.0.0.1`,
        { host: editor.host },
      );
    }
    await expectFree(editor);
    const state = openStateFolder(config.state);
    writeFirstCredentials(state);
    deliverFlows({ state, wanted: config.deliver, log });

    const tally = new Tally();
    const waitsFor = new Set(["broker"]);
    const program = nodeRedProgram();
    const nodesDir = nodePackages();
    const nodeRed = await KeptRunning.open({
      start({ port = editor.port, safe, signal: giveUp }) {
        writeSettingsFile(state.settingsFile, {
          ...{ userDir: state.userDir, flowFile: state.flowFile, credentialSecret: state.credentialSecret },
          ...{ host: editor.host, port, login, nodesDir, install: config.install },
          recorderUrl: config.recorder.url,
          site: config.site,
          logLevel: log.level as "info",
          figuresIntervalMs: config.statsInterval,
        });
        return startNodeRed({
          ...{
            program,
            settingsFile: state.settingsFile,
            memoryMb: config.memoryMb,
            host: editor.host,
            safe,
          },
          environment: flowEnvironment(config),
          startTimeoutMs: config.startTimeout,
          signal: giveUp,
          log,
          onFigures: (figures) => tally.figures(figures),
        });
      },
      restartWaitMs: config.restartWait,
      maxRestartWaitMs: config.maxRestartWait,
      stopTimeoutMs: config.stopTimeout,
      signal,
      log,
    });
    parts.add("Node-RED", nodeRed, (open) => open.stop());
    tally.readFrom(nodeRed);

    const session = new MqttSession({
      mqtt: config.mqtt,
      node,
      site,
      log,
      status: { kind: "flows", version: packageManifest.version, models: [] },
    });
    parts.add("session", session, (open) => open.close());
    session.onConnected((connected) => {
      if (connected) waitsFor.delete("broker");
      else waitsFor.add("broker");
    });
    const stats = new StatsPublisher({
      session,
      kind: "flows",
      intervalMs: config.statsInterval,
      stats: () => ({ counters: tally.counters, drops: {}, queues: {} }),
      onError: (error) => log.warn({ err: error }, "stats were not published"),
    });
    parts.add("stats", stats, (open) => open.stop());

    const http = config.http.enabled
      ? parts.add(
          "http",
          await listenHttp(config.http, {
            metrics: tally.registry,
            notReady: () => [...waitsFor, ...(nodeRed.pid === undefined ? ["Node-RED"] : [])],
          }),
          (listener) => listener.close(),
        )
      : undefined;

    await session.connect(CONNECT_WAIT_MS, signal).catch((error: unknown) => {
      log.warn({ err: error }, "its status is told as soon as the broker is there");
    });
    log.info({ node, site, editor: nodeRed.url, userDir: state.userDir }, "flows started");
    return {
      editor: nodeRed.url,
      dashboard: `${nodeRed.url}/dashboard`,
      http,
      get pid() {
        return nodeRed.pid;
      },
      stop: () => parts.stop(),
    };
  });
}

/** Said by name at once: Node-RED tells of a taken port in its log only, after a second. @throws {MeanetError} PORT_TAKEN */
async function expectFree({ host, port }: Config["editor"]): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw listenError(cause, host, port, "editor.port");
  }
  server.close();
  await once(server, "close");
}
