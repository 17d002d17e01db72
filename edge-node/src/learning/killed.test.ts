import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeQuadrantBundle } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { openLearning, teachAll } from "./learning-for-tests.ts";

/** Children at once. */
const SIDE_BY_SIDE = 4;

type Told = Training | { event: "end"; touches: number };

let root: string;
let bundle: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "meanet-killed-"));
  bundle = join(root, "quadrants");
  await writeQuadrantBundle(bundle);
});
after(() => rm(root, { recursive: true }));

/** Runs a node that learns until it dies, or comes to its end. */
async function runChild(name: string, killAt: number, killOn?: Training["event"]) {
  const folder = join(root, name);
  const child = fork(
    new URL("./learning-child-for-tests.ts", import.meta.url),
    [JSON.stringify({ folder, bundle, killAt })],
    { stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  const told: Told[] = [];
  child.on("message", (message: Told) => {
    told.push(message);
    if (message.event === killOn) child.kill("SIGKILL");
  });
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return { folder, told, code, signal };
}

/** What a node that starts on this folder serves: its name, once it has answered. */
async function served(folder: string): Promise<string> {
  await using node = openLearning(folder);
  await node.learning.load(bundle);
  const model = node.models.current("image")!;
  const { y1 } = await model.runMain([new Float32Array(64)]);
  assert.equal(y1[0]!.length, 4);
  return model.name;
}

const CAME = "quadrants@1.0.0";
const LEARNED = "quadrants@1.0.0+edge.1";

describe("a node that is killed while it learns", { timeout: 240_000 }, () => {
  test("serves a whole bundle after a kill at any touch of a file, the new one from the pointer's renaming on", async () => {
    const whole = await runChild("whole", 0);
    const end = whole.told.at(-1);
    assert.ok(end?.event === "end" && whole.code === 0, JSON.stringify(whole.told));
    assert.equal(await served(whole.folder), LEARNED);
    // The pointer at the start, a bundle of four files, and the pointer again: each written beside, then renamed.
    assert.ok(end.touches >= 10, `${end.touches}`);
    const names: string[] = [];
    const touches = Array.from({ length: end.touches }, (_, at) => at + 1);
    for (let from = 0; from < touches.length; from += SIDE_BY_SIDE) {
      const runs = await Promise.all(
        touches.slice(from, from + SIDE_BY_SIDE).map((at) => runChild(`touch-${at}`, at)),
      );
      for (const { folder, signal } of runs) {
        assert.equal(signal, "SIGKILL");
        names.push(await served(folder));
      }
    }
    const first = names.indexOf(LEARNED);
    assert.ok(
      names.every((name, at) => name === (first === -1 || at < first ? CAME : LEARNED)),
      names.join(),
    );
  });

  test("keeps what it collected when it is killed in the middle of a training, and learns from it later", async () => {
    const { folder, signal } = await runChild("training", 0, "started");
    assert.equal(signal, "SIGKILL");
    assert.equal(await served(folder), CAME);
    const told: Training[] = [];
    await using node = openLearning(folder, (training) => told.push(training));
    await node.learning.load(bundle);
    assert.equal(node.learning.trainNow(), undefined);
    await node.learning.idle();
    const started = told.find((step) => step.event === "started");
    // A number is not given twice: the training that was killed was the first.
    assert.deepEqual([started?.run, started?.items], [2, 64]);
    assert.equal(node.models.current("image")!.name, "quadrants@1.0.0+edge.2");
  });

  test("a bundle that was damaged on disk gives way to the one that came", async () => {
    const folder = join(root, "damaged");
    {
      await using node = openLearning(folder);
      await node.learning.load(bundle);
      await teachAll(node);
      await node.learning.idle();
      assert.equal(node.models.current("image")!.name, LEARNED);
    }
    await rm(join(folder, "learning", "quadrants-1.0.0", "bundles", "1.0.0+edge.1", "extension.onnx"));
    assert.equal(await served(folder), CAME);
  });
});
