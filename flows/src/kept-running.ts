import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@meanet/runtime";
import type { NodeRed } from "./node-red.ts";

export interface KeptRunningOptions {
  /** Starts it; on the port it had before, where its users look for it. */
  readonly start: (options: Start) => Promise<NodeRed>;
  /** Gives up the first start. */
  readonly signal?: AbortSignal | undefined;
  readonly restartWaitMs: number;
  readonly maxRestartWaitMs: number;
  readonly stopTimeoutMs: number;
  readonly log: Logger;
}

export interface Start {
  readonly port: number | undefined;
  readonly safe: boolean;
  /** Ends what is being started. */
  readonly signal: AbortSignal | undefined;
}

/** Ends in a row, each before it worked for `STEADY_MS`, after which the flows are no longer started. */
const SAFE_AFTER = 3;
const STEADY_MS = 60_000;

/** A Node-RED that is started again when it ends, until it is stopped. */
export class KeptRunning {
  readonly #options: KeptRunningOptions;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;
  readonly url: string;
  readonly #port: number;
  #current: NodeRed | undefined;
  #restarts = 0;
  #safe = false;

  /** @throws {MeanetError} NODE_RED_FAILED when the first start fails */
  static async open(options: KeptRunningOptions): Promise<KeptRunning> {
    return new KeptRunning(
      options,
      await options.start({ port: undefined, safe: false, signal: options.signal }),
    );
  }

  private constructor(options: KeptRunningOptions, first: NodeRed) {
    this.#options = options;
    this.url = first.url;
    this.#port = first.port;
    this.#current = first;
    this.#watching = this.#watch(first);
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Undefined between two lives. */
  get pid(): number | undefined {
    return this.#current?.pid;
  }

  /** The editor works, the flows wait: one of them ended Node-RED again and again. A deployment starts them. */
  get safe(): boolean {
    return this.#safe;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#end(this.#current);
    await this.#watching;
  }

  async #watch(first: NodeRed): Promise<void> {
    const { log, restartWaitMs, maxRestartWaitMs } = this.#options;
    let current: NodeRed | undefined = first;
    let failures = 0;
    while (true) {
      const since = performance.now();
      if (current !== undefined) {
        const { code, signal } = await current.exited;
        this.#current = undefined;
        if (this.#stopping.signal.aborted) return;
        log.error({ code, signal }, "Node-RED ended; starting it again");
      }
      failures = performance.now() - since > STEADY_MS ? 1 : failures + 1;
      const waitMs = Math.min(restartWaitMs * 2 ** (failures - 1), maxRestartWaitMs);
      await sleep(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      this.#safe = failures >= SAFE_AFTER;
      current = await this.#startAgain();
      // `stop` came while it started and saw none.
      if (this.#stopping.signal.aborted) {
        await this.#end(current);
        return;
      }
      this.#current = current;
    }
  }

  async #startAgain(): Promise<NodeRed | undefined> {
    const { log, start } = this.#options;
    try {
      const started = await start({ port: this.#port, safe: this.#safe, signal: this.#stopping.signal });
      this.#restarts += 1;
      if (this.#safe)
        log.error("Node-RED ended again and again: it works without flows until one is deployed");
      else log.info("Node-RED works again");
      return started;
    } catch (error) {
      if (!this.#stopping.signal.aborted) log.error({ err: error }, "Node-RED did not start again");
      return undefined;
    }
  }

  async #end(nodeRed: NodeRed | undefined): Promise<void> {
    const { stopTimeoutMs, log } = this.#options;
    if (nodeRed === undefined || (await nodeRed.stop(stopTimeoutMs))) return;
    log.warn({ stopTimeoutMs }, "Node-RED did not stop in time and was killed");
  }
}
