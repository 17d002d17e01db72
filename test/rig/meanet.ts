import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const bin = join(import.meta.dirname, "../../cli/bin/meanet.js");
/** Of a start and of an end; only a process that hangs takes so long. */
const PATIENCE_MS = 300_000;

export type Addresses = Readonly<Record<string, string>>;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MeanetOptions {
  /** False starts it as a shell does: then SIGINT is for it, and it cannot tell when it works. Default true. */
  readonly supervised?: boolean;
  /** Program and first arguments. Default: this Node and `meanet`. */
  readonly command?: readonly string[];
  /** Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** One `meanet …` process, as a user or a supervisor starts it. */
export class Meanet {
  readonly #args: readonly string[];
  readonly #child: ChildProcess;
  readonly #killNow = () => void this.#child.kill("SIGKILL");
  readonly #ended: Promise<Ended>;
  readonly #ready: Promise<Addresses>;
  #stdout = "";
  #stderr = "";
  #listener: () => void = () => undefined;

  constructor(args: readonly string[], options: MeanetOptions = {}) {
    const { supervised = true, command = [process.execPath, bin], environment = process.env, cwd } = options;
    this.#args = args;
    const [program, ...first] = command;
    this.#child = spawn(program!, [...first, ...args], {
      env: { ...environment },
      cwd,
      stdio: ["ignore", "pipe", "pipe", ...(supervised ? ["ipc" as const] : [])],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#listener();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#listener();
    });
    // A test that fails must not leave it behind.
    process.once("exit", this.#killNow);
    this.#ended = once(this.#child, "close").then(([code, signal]) => {
      process.off("exit", this.#killNow);
      return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#child.on("message", (message: { type: string; addresses?: Addresses; text?: string }) => {
        if (message.type === "ready") resolve(message.addresses ?? {});
        else reject(new Error(`${this.name} did not start: ${message.text}`));
      });
      void this.#ended.then(({ code, stderr }) => {
        reject(new Error(`${this.name} ended with ${code} before it was ready:\n${stderr}`));
      });
    });
    // Whoever awaits `ready` sees the failure; a process that only runs to its end has nobody waiting.
    this.#ready.catch(() => undefined);
  }

  get name(): string {
    return `meanet ${this.#args.join(" ")}`;
  }

  get pid(): number {
    assert.ok(this.#child.pid);
    return this.#child.pid;
  }

  /** Where it can be reached, once it works. */
  ready(): Promise<Addresses> {
    return this.#within("to be ready", this.#ready);
  }

  /** Waits until it has said something, on either stream. */
  says(pattern: RegExp, patienceMs = PATIENCE_MS): Promise<RegExpExecArray> {
    const said = new Promise<RegExpExecArray>((resolve) => {
      this.#listener = () => {
        const found = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
        if (found !== null) resolve(found);
      };
      this.#listener();
    });
    const ended = this.#ended.then(({ stderr }) => {
      const found = pattern.exec(this.#stdout + stderr);
      assert.ok(found, `${this.name} ended without saying ${pattern}`);
      return found;
    });
    return this.#within(`to say ${pattern}`, Promise.race([said, ended]), patienceMs);
  }

  /** Waits until it ends by itself. */
  ended(): Promise<Ended> {
    return this.#within("to end", this.#ended);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Clean stop. */
  stop(): Promise<Ended> {
    this.signal("SIGTERM");
    return this.ended();
  }

  /** `kill -9`: nothing is flushed, nothing is said. */
  vanish(): Promise<Ended> {
    this.signal("SIGKILL");
    return this.ended();
  }

  async #within<T>(what: string, promise: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`${this.name} took too long ${what}; it said:\n${this.#stdout}${this.#stderr}`));
    }, patienceMs);
    try {
      return await Promise.race([promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Runs a command to its end. */
export function meanet(...args: string[]): Promise<Ended> {
  return new Meanet(args).ended();
}
