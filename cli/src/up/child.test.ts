import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { startChild } from "./child.ts";
import { supervise } from "./supervised.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-child-"));
after(() => rmSync(folder, { recursive: true }));

/** A process that does what its first argument says, speaking as our processes do. */
const program = join(folder, "program.mjs");
writeFileSync(
  program,
  `
const [mode, port = "0"] = process.argv.slice(2);
const ready = () => process.send({ type: "ready", addresses: { http: "http://127.0.0.1:" + (port === "0" ? process.pid : port) } });
setInterval(() => {}, 1000);
console.log("mode", mode);
if (mode === "works") { process.on("SIGTERM", () => process.exit(0)); ready(); }
if (mode === "stubborn") { process.on("SIGTERM", () => {}); ready(); }
if (mode === "taken") process.send({ type: "failed", code: "PORT_TAKEN", text: "PORT_TAKEN: port 1883" }, () => process.exit(1));
if (mode === "silent") process.exit(3);
`,
);

let nextLog = 0;
function options(...args: string[]) {
  nextLog += 1;
  return {
    name: "edge-1",
    args,
    program,
    logFile: join(folder, "logs", `${nextLog}.log`),
    startTimeoutMs: 20_000,
  };
}

describe("child", () => {
  it("tells where it works, and ends by SIGTERM", async () => {
    const child = await startChild(options("works"));
    assert.deepEqual(child.addresses, { http: `http://127.0.0.1:${child.pid}` });
    assert.equal(await child.stop(20_000), true);
    assert.deepEqual(await child.exited, { code: 0, signal: null });
  });

  it("is killed, and this is told, when it does not end in time", async () => {
    const child = await startChild(options("stubborn"));
    assert.equal(await child.stop(1), false);
    assert.deepEqual(await child.exited, { code: null, signal: "SIGKILL" });
  });

  it("that failed to start hands on its code and words, and names its log", async () => {
    const taken = options("taken");
    await assert.rejects(startChild(taken), (error) => {
      assert.ok(isMeanetError(error, "PROCESS_FAILED"));
      assert.equal(error.details.childCode, "PORT_TAKEN");
      assert.match(error.message, /edge-1 did not start: PORT_TAKEN: port 1883/);
      assert.ok(error.message.includes(taken.logFile));
      return true;
    });
    assert.equal(readFileSync(taken.logFile, "utf8"), "mode taken\n");
  });

  it("that ends without a word has failed to start", async () => {
    await assert.rejects(startChild(options("silent")), /edge-1 did not start: it ended with exit code 3/);
  });
});

describe("supervise", () => {
  it("starts a dead child again where it was, and says so", async () => {
    const events: string[] = [];
    const worksAgain = Promise.withResolvers<void>();
    const settings = options();
    const supervised = await supervise({
      ...settings,
      args: (previous) => ["works", previous?.http === undefined ? "0" : new URL(previous.http).port],
      backoffMs: 1,
      maxBackoffMs: 1,
      onEvent: (text) => {
        events.push(text);
        if (text.endsWith("works again")) worksAgain.resolve();
      },
    });
    const before = supervised.addresses;
    process.kill(Number(new URL(before.http!).port), "SIGKILL");
    await worksAgain.promise;
    assert.deepEqual(supervised.addresses, before);
    assert.equal(supervised.restarts, 1);
    assert.deepEqual(events, ["edge-1 ended with SIGKILL; starting it again", "edge-1 works again"]);
    await supervised.stop(20_000);
    assert.equal(events.length, 2);
    assert.equal(readFileSync(settings.logFile, "utf8"), "mode works\nmode works\n");
  });

  it("starts no child again that ends with all others, when the user wants an end", async () => {
    const events: string[] = [];
    const ending = new AbortController();
    const supervised = await supervise({
      ...options(),
      args: () => ["works"],
      ...{ backoffMs: 1, maxBackoffMs: 1, ending: ending.signal },
      onEvent: (text) => events.push(text),
    });
    ending.abort();
    process.kill(Number(new URL(supervised.addresses.http!).port), "SIGTERM");
    await supervised.stop(20_000);
    assert.deepEqual([supervised.restarts, events], [0, []]);
  });

  it("goes on trying, and stops while it does", async () => {
    const events: string[] = [];
    const failedTwice = Promise.withResolvers<void>();
    const supervised = await supervise({
      ...options(),
      args: (previous) => [previous === undefined ? "works" : "silent"],
      backoffMs: 1,
      maxBackoffMs: 2,
      onEvent: (text) => {
        events.push(text);
        if (events.length === 3) failedTwice.resolve();
      },
    });
    process.kill(Number(new URL(supervised.addresses.http!).port), "SIGKILL");
    await failedTwice.promise;
    await supervised.stop(20_000);
    assert.match(events[1]!, /did not start: it ended with exit code 3/);
    assert.match(events[2]!, /trying again in 2 ms/);
  });
});
