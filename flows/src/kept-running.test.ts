import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ChildExit, createLog } from "@meanet/runtime";
import { KeptRunning, type Start } from "./kept-running.ts";
import type { NodeRed } from "./node-red.ts";

const log = createLog("flows", "silent");
const waits = { restartWaitMs: 1, maxRestartWaitMs: 2, stopTimeoutMs: 1, log };

/** Node-REDs that end when the test says so. */
class Lives {
  readonly starts: Omit<Start, "signal">[] = [];
  readonly #ends: ((exit: ChildExit) => void)[] = [];
  #expected = Promise.withResolvers<void>();
  failing = 0;
  /** Starts take until they are given up. */
  hanging = false;

  readonly start = ({ signal, ...options }: Start): Promise<NodeRed> => {
    this.starts.push(options);
    this.#expected.resolve();
    if (this.hanging) {
      return new Promise((_, reject) => {
        signal!.addEventListener("abort", () => reject(new Error("it was stopped")), { once: true });
      });
    }
    if (this.failing > 0) {
      this.failing -= 1;
      return Promise.reject(new Error("did not start"));
    }
    const { promise: exited, resolve } = Promise.withResolvers<ChildExit>();
    this.#ends.push(resolve);
    const pid = this.starts.length;
    const stop = () => {
      resolve({ code: 0, signal: null });
      return Promise.resolve(true);
    };
    return Promise.resolve({ pid, port: 4711, url: "http://127.0.0.1:4711", exited, stop });
  };

  /** Ends the one that works; resolves when the next is started. */
  async crash(): Promise<void> {
    this.#expected = Promise.withResolvers();
    this.#ends.at(-1)!({ code: 1, signal: null });
    await this.#expected.promise;
  }

  /** Resolves with the next start. */
  next(): Promise<void> {
    this.#expected = Promise.withResolvers();
    return this.#expected.promise;
  }
}

describe("Node-RED, kept running", () => {
  it("comes back on the port it had, and is counted", async () => {
    const lives = new Lives();
    const kept = await KeptRunning.open({ ...waits, start: lives.start });
    await lives.crash();
    await kept.stop();
    assert.deepEqual(lives.starts, [
      { port: undefined, safe: false },
      { port: 4711, safe: false },
    ]);
    assert.equal(kept.restarts, 1);
    assert.equal(kept.url, "http://127.0.0.1:4711");
  });

  it("starts no flows after the third end in a row: one of them may be what ends it", async () => {
    const lives = new Lives();
    const kept = await KeptRunning.open({ ...waits, start: lives.start });
    for (let life = 0; life < 3; life++) await lives.crash();
    await kept.stop();
    assert.deepEqual(
      lives.starts.map(({ safe }) => safe),
      [false, false, false, true],
    );
    assert.ok(kept.safe);
  });

  it("is tried again when a restart fails", async () => {
    const lives = new Lives();
    const kept = await KeptRunning.open({ ...waits, start: lives.start });
    lives.failing = 1;
    await lives.crash();
    await lives.next();
    await kept.stop();
    assert.equal(lives.starts.length, 3);
    assert.equal(kept.restarts, 1);
  });

  it("is stopped while it starts again, without waiting for it", async () => {
    const lives = new Lives();
    const kept = await KeptRunning.open({ ...waits, start: lives.start });
    lives.hanging = true;
    await lives.crash();
    await kept.stop();
    assert.equal(lives.starts.length, 2);
  });

  it("hands on the failure of the first start", async () => {
    const lives = new Lives();
    lives.failing = 1;
    await assert.rejects(KeptRunning.open({ ...waits, start: lives.start }), /did not start/);
  });
});
