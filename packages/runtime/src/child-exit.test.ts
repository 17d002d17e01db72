import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { endChild, exitOf } from "./child-exit.ts";

describe("the end of a process", () => {
  const endless = "setInterval(() => {}, 1e6); console.log('ready');";

  test("comes by itself at SIGTERM, and is told as often as one asks for it", async () => {
    const child = spawn(process.execPath, ["-e", endless], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = exitOf(child);
    await once(child.stdout, "data");
    assert.equal(await endChild(child, exited, 60_000), true);
    assert.deepEqual(await exited, { code: null, signal: "SIGTERM" });
    assert.equal(await endChild(child, exited, 60_000), true);
  });

  test("is forced on one that does not listen", async () => {
    const deaf = `process.on('SIGTERM', () => {}); ${endless}`;
    const child = spawn(process.execPath, ["-e", deaf], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = exitOf(child);
    await once(child.stdout, "data");
    assert.equal(await endChild(child, exited, 1), false);
    assert.deepEqual(await exited, { code: null, signal: "SIGKILL" });
  });

  test("has come for one that cannot be started", async () => {
    const child = spawn("/nowhere/at-all");
    const exited = exitOf(child);
    assert.deepEqual(await exited, { code: null, signal: null });
    assert.equal(await endChild(child, exited, 60_000), true);
  });
});
