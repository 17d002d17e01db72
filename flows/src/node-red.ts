import { spawn } from "node:child_process";
import { type ChildExit, endChild, exitOf, type Logger, MeanetError } from "@meanet/runtime";
import type { ChildFigures, ChildMessage } from "./child/messages.ts";
import { logLines } from "./log-lines.ts";

export interface NodeRedOptions {
  /** `red.js`, and what it requires. */
  readonly program: string;
  readonly settingsFile: string;
  readonly memoryMb: number;
  /** For the flows: where broker and recorder are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Address that it listens on, for the URL. */
  readonly host: string;
  /** Loads the flows without starting them: for a flow that ends the process. */
  readonly safe: boolean;
  readonly startTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly log: Logger;
  readonly onFigures: (figures: ChildFigures) => void;
}

/** A Node-RED that answers. */
export interface NodeRed {
  readonly pid: number;
  readonly port: number;
  /** Of the editor: `http://127.0.0.1:1880`. */
  readonly url: string;
  /** Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** SIGTERM, and SIGKILL when it has not ended after `timeoutMs`. @returns whether it ended by itself */
  stop(timeoutMs: number): Promise<boolean>;
}

/**
 * Starts Node-RED and waits until its editor answers.
 *
 * It is in a group of its own: Ctrl-C on a terminal is for us, who stop it in order. When we vanish, the channel closes and it ends.
 *
 * @throws {MeanetError} NODE_RED_FAILED
 */
export async function startNodeRed(options: NodeRedOptions): Promise<NodeRed> {
  const { log, host } = options;
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${options.memoryMb}`,
      options.program,
      ...["--settings", options.settingsFile],
      ...(options.safe ? ["--safe"] : []),
    ],
    {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
      windowsHide: true,
      env: { ...withoutOurSettings(process.env), ...options.environment },
    },
  );
  logLines(child.stdout!, log, "info");
  logLines(child.stderr!, log, "warn");
  const exited = exitOf(child);
  const stop = (timeoutMs: number) => endChild(child, exited, timeoutMs);

  const port = await new Promise<number | string>((resolve) => {
    const timer = setTimeout(
      () => resolve(`it does not answer after ${options.startTimeoutMs} ms`),
      options.startTimeoutMs,
    );
    child.on("message", (message: ChildMessage) => {
      if (message.type === "figures") options.onFigures(message);
      else resolve(message.port);
    });
    child.once("error", (error) => resolve(error.message));
    void exited.then(({ code, signal }) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
    const abort = () => resolve("it was stopped");
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted === true) abort();
    void exited.then(() => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    });
  });
  if (typeof port === "string") {
    await stop(0);
    throw new MeanetError(
      "NODE_RED_FAILED",
      `Node-RED did not start: ${port}; its own words stand in the log before this`,
      { reason: port },
    );
  }
  return { pid: child.pid!, port, url: urlOf(host, port), exited, stop };
}

function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host;
  return `http://${reachable.includes(":") && !reachable.startsWith("[") ? `[${reachable}]` : reachable}:${port}`;
}

/** Settings of our processes may hold passwords that no flow has to do with. */
function withoutOurSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("MEANET__")));
}
