import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, it } from "node:test";
import { putAside } from "./training-run.ts";

it("a training that comes to no step is ended by a second Ctrl-C; the first says so", async () => {
  const module = new URL("./training-run.ts", import.meta.url).href;
  const script = `
    const { watchTraining } = await import(${JSON.stringify(module)});
    setInterval(() => {}, 1000);
    await watchTraining(process.stdout, ({ signal }) => new Promise(() => console.error(signal.aborted)));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lines = createInterface(child.stderr)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "false");
  child.kill("SIGINT");
  assert.match((await lines.next()).value as string, /^stopping after the step.*Ctrl-C again stops at once/);
  child.kill("SIGINT");
  assert.deepEqual(await once(child, "exit"), [130, null]);
});

describe("what was trained before, when a training begins anew", () => {
  let root: string;
  let work: string;
  let said: string[];
  const say = (text: string) => said.push(text);
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "meanet-put-aside-"));
    work = join(root, "bolts");
    said = [];
    await mkdir(work);
    await writeFile(join(work, "main.checkpoint"), "five hours");
    await writeFile(join(work, "cloud.checkpoint"), "ten hours");
  });
  afterEach(() => rm(root, { recursive: true }));

  it("is put aside whole, and it is told where it is", async () => {
    await putAside(work, undefined, say);
    assert.deepEqual(await readdir(root), ["bolts.previous"]);
    assert.ok(said.join().includes(`${work}.previous`), said.join());
  });

  it("of one part is put aside alone", async () => {
    await putAside(work, "main", say);
    assert.deepEqual((await readdir(work)).sort(), ["cloud.checkpoint", "main.checkpoint.previous"]);
    await putAside(work, "extension", say);
    assert.deepEqual((await readdir(work)).sort(), ["cloud.checkpoint", "main.checkpoint.previous"]);
  });

  it("outlives starts that failed before they trained anything", async () => {
    await putAside(work, undefined, say);
    for (const leaves of [false, true]) {
      if (leaves) await mkdir(work);
      await putAside(work, undefined, say);
    }
    assert.equal(await readFile(join(`${work}.previous`, "main.checkpoint"), "utf8"), "five hours");
    assert.equal(said.length, 1);
  });
});
