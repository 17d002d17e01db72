import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { freePort } from "@meanet/session/testing";
import { childMessageSchema } from "./ipc.ts";

const bin = join(import.meta.dirname, "../bin/meanet.js");

/** A real broker process, as `meanet up` starts one. */
function startBroker(stdio: "ignore" | "ipc"): ChildProcess {
  return spawn(
    process.execPath,
    [bin, "broker", "--listeners-tcp-port", "0", "--stop-timeout", "10ms", "--log-level", "silent"],
    { stdio: ["ignore", "pipe", "inherit", stdio] },
  );
}

async function addressesOf(child: ChildProcess): Promise<Readonly<Record<string, string>>> {
  const [raw] = await once(child, "message");
  const message = childMessageSchema.parse(raw);
  assert.ok(message.type === "ready");
  return message.addresses;
}

describe("a process with a parent", () => {
  it("tells its addresses and leaves the terminal's SIGINT to its parent", async () => {
    const child = startBroker("ipc");
    const { http, mqtt } = await addressesOf(child);
    assert.match(mqtt ?? "", /^mqtt:\/\/127\.0\.0\.1:\d+$/);
    child.kill("SIGINT");
    assert.equal((await fetch(`${http}/healthz`)).status, 200);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  it("stops when its parent vanishes", async () => {
    const child = startBroker("ipc");
    await addressesOf(child);
    child.disconnect();
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });
});

describe("why a process is to stop", () => {
  const lifetime = new URL("./lifetime.ts", import.meta.url).href;
  const script = `
    const { untilStopped } = await import(${JSON.stringify(lifetime)});
    untilStopped().then((reason) => process.send(reason, () => process.disconnect()));
    process.send("waits");`;

  it("is the signal that a parent handing over had, where it tells one", async () => {
    for (const signal of ["SIGINT", "SIGHUP", undefined] as const) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      assert.deepEqual(await once(child, "message"), ["waits", undefined]);
      if (signal === undefined) child.kill("SIGTERM");
      else child.send({ type: "signal", signal }, () => child.kill("SIGTERM"));
      const [reason] = await once(child, "message");
      assert.equal(reason, signal ?? "SIGTERM");
    }
  });
});

describe("a process without a parent", () => {
  it("stops cleanly by SIGINT", async () => {
    const child = startBroker("ignore");
    const [line] = await once(child.stdout!, "data");
    assert.match(String(line), /^meanet broker: ready {2}mqtt mqtt:/);
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  it("stops by SIGTERM while it waits for its broker, without a claim to be ready", async (context) => {
    const state = mkdtempSync(join(tmpdir(), "meanet-lifetime-"));
    context.after(() => rmSync(state, { recursive: true, force: true }));
    const url = `mqtt://127.0.0.1:${await freePort()}`;
    const child = spawn(process.execPath, [bin, "recorder", "--mqtt-url", url, "--state", state], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    child.stdout.on("data", (text: Buffer) => {
      stdout += text.toString();
    });
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => {
      stderr += text.toString();
    });
    while (!stderr.includes("no connection to the broker")) await once(child.stderr, "data");
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "close"), [0, null]);
    assert.equal(stdout, "");
  });
});

describe("a process whose output nobody reads any more", () => {
  /** Exit code, signal and what it wrote to standard error. */
  async function endOf(...args: readonly string[]): Promise<readonly unknown[]> {
    const child = spawn(process.execPath, [bin, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => {
      stderr += text.toString();
    });
    return [...(await once(child, "close")), stderr];
  }

  it("ends as SIGPIPE would end it, without a trace", async () => {
    assert.deepEqual(await endOf("up", "--help"), [141, null, ""]);
  });

  it("stops in order where it is one that serves", async () => {
    const args = ["--listeners-tcp-port", "0", "--stop-timeout", "10ms", "--log-level", "silent"];
    assert.deepEqual(await endOf("broker", ...args), [0, null, ""]);
  });
});
