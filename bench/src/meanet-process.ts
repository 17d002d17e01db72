import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MeanetError } from "@meanet/runtime";

export const BIN = fileURLToPath(new URL("../../cli/bin/meanet.js", import.meta.url));

/** One `meanet …` process, as a user starts it. */
export interface MeanetProcess {
  readonly pid: number;
  /** `{ mqtt: "mqtt://127.0.0.1:41234", "edge-1.http": "http://…" }` */
  readonly addresses: Readonly<Record<string, string>>;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
}

/** What it says over its channel, once. */
interface Said {
  readonly type: "ready" | "failed";
  readonly addresses?: Readonly<Record<string, string>>;
  readonly text?: string;
}

/** Starts `meanet` with these arguments and waits until it works. @throws {MeanetError} PROCESS_FAILED */
export async function startMeanet(args: readonly string[]): Promise<MeanetProcess> {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  const ended = once(child, "exit");
  const said = await Promise.race([
    once(child, "message").then(([message]) => message as Said),
    ended.then(([code, signal]): Said => ({ type: "failed", text: `it ended with ${signal ?? code}` })),
  ]);
  if (said.type === "failed" || child.pid === undefined) {
    const name = `meanet ${args[0]}`;
    throw new MeanetError("PROCESS_FAILED", `${name} did not start: ${said.text}`, { name });
  }
  return {
    pid: child.pid,
    addresses: said.addresses ?? {},
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
