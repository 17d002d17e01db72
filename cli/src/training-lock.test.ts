import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { lockTraining } from "./training-lock.ts";

it("a folder of checkpoints is one training's until its process ends, however it ends", async (context) => {
  const root = await mkdtemp(join(tmpdir(), "meanet-training-lock-"));
  context.after(() => rm(root, { recursive: true }));
  const work = join(root, "bolts");
  const module = new URL("./training-lock.ts", import.meta.url).href;
  const script = `
    const { lockTraining } = await import(${JSON.stringify(module)});
    await lockTraining(${JSON.stringify(work)});
    process.on("message", () => process.exit());
    process.send("holds");`;
  for (const end of ["killed", "exit"] as const) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    await once(child, "message");
    await assert.rejects(
      lockTraining(work),
      (error) =>
        isMeanetError(error, "TRAINING_UNDER_WAY") && error.message.includes(`process ${child.pid} trains`),
    );
    const ended = once(child, "exit");
    if (end === "killed") child.kill("SIGKILL");
    else child.send("end");
    await ended;
    assert.deepEqual(await readdir(root), end === "killed" ? ["bolts.lock"] : []);
  }
});
