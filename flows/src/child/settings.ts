import { monitorEventLoopDelay } from "node:perf_hooks";
import { guardRequests, guardSockets, guardUpgrades } from "./guard.ts";
import { editorUsers, webLogin } from "./login.ts";
import type { ChildMessage, ChildSettings, LogLine } from "./messages.ts";
import { pageStyle } from "./page-style.ts";
import { recorderProxy } from "./recorder-proxy.ts";

/**
 * The settings object that Node-RED requires. This file runs in Node-RED's process, through `settings.cjs` in the state folder.
 *
 * Nothing is fetched from outside: no telemetry, no catalogue, no installation, no request of a page to another host.
 */
export function nodeRedSettings(given: ChildSettings): object {
  endWithParent();
  tellFigures(given.figuresIntervalMs);
  const login = given.login && webLogin(given.login, given.credentialSecret);
  if (login === undefined) guardUpgrades();
  const settings = {
    userDir: given.userDir,
    flowFile: given.flowFile,
    flowFilePretty: true,
    nodesDir: given.nodesDir,
    credentialSecret: given.credentialSecret,
    uiHost: given.host,
    uiPort: given.port,
    lang: "en-US",
    ...(given.login === undefined ? {} : { adminAuth: editorUsers(given.login) }),
    httpAdminMiddleware: guardRequests({ loopbackOnly: login === undefined }),
    // In front of everything that is not the editor: dashboard, HTTP nodes, pictures.
    httpNodeAuth: [
      ...(login === undefined ? [] : [login.middleware]),
      pageStyle("/meanet/pages.css"),
      recorderProxy("/recorder", given.recorderUrl, given.site),
    ],
    dashboard: { ioMiddleware: [guardSockets(login?.socket)] },
    telemetry: { enabled: false, updateNotification: false },
    externalModules: {
      autoInstall: false,
      palette: { allowInstall: given.install, allowUpdate: given.install, allowUpload: false },
      modules: { allowInstall: given.install },
    },
    editorTheme: {
      page: { title: "MEANet flows" },
      header: { title: "MEANet flows" },
      tours: false,
      projects: { enabled: false },
      // Left out, Node-RED names its own on the internet.
      ...(given.install ? {} : { palette: { catalogues: [] } }),
    },
    functionExternalModules: given.install,
    exportGlobalContextKeys: false,
    logging: {
      parent: {
        level: redLevel[given.logLevel],
        metrics: false,
        audit: false,
        handler: () => writeLogLine,
      },
    },
  };
  return tellPort(settings);
}

/** Node-RED writes the port into its settings as soon as it listens: the one moment and place where a free port is known. */
function tellPort(settings: object): object {
  let port: number | undefined;
  return Object.defineProperty(settings, "serverPort", {
    get: () => port,
    set(value: number) {
      port = value;
      tellParent({ type: "listening", port: value });
    },
  });
}

/** A parent that vanished, even by `kill -9`, closes the channel: no Node-RED is left behind. */
function endWithParent(): void {
  if (process.send === undefined) return;
  process.once("disconnect", () => {
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.kill(process.pid, "SIGKILL"), 10_000).unref();
  });
}

function tellFigures(intervalMs: number): void {
  const delay = monitorEventLoopDelay();
  delay.enable();
  setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage();
    tellParent({
      type: "figures",
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      loopDelayP99Ms: delay.percentile(99) / 1e6,
    });
    delay.reset();
  }, intervalMs).unref();
}

function tellParent(message: ChildMessage): void {
  // A parent that has just gone is noticed by `disconnect`.
  process.send?.(message, undefined, {}, () => undefined);
}

const redLevel = {
  silent: "off",
  fatal: "fatal",
  error: "error",
  warn: "warn",
  info: "info",
  debug: "debug",
  trace: "trace",
} as const;

const levelOf: Readonly<Record<number, LogLine["level"]>> = {
  10: "fatal",
  20: "error",
  30: "warn",
  40: "info",
  50: "debug",
};

interface RedMessage {
  readonly level: number;
  readonly msg: unknown;
  readonly type?: string;
  readonly name?: string;
  readonly id?: string;
}

function writeLogLine({ level, msg, type, name, id }: RedMessage): void {
  const line: LogLine = {
    nodeRed: "log",
    level: levelOf[level] ?? "trace",
    text: textOf(msg),
    nodeType: type,
    nodeName: type === undefined ? undefined : (name ?? id),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function textOf(message: unknown): string {
  if (typeof message === "string") return message;
  if (message instanceof Error) return message.stack ?? message.message;
  return JSON.stringify(message) ?? String(message);
}
