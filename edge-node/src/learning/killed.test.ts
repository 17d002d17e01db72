import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { readManifest } from "@meanet/models";
import { writeQuadrantBundle } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { readDiscovery } from "./hard-classes/discovery-file.ts";
import type { ChildTask } from "./learning-child-for-tests.ts";
import { mostCalled, openLearning, teachAll } from "./learning-for-tests.ts";

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

interface Case extends Partial<Omit<ChildTask, "folder" | "killAt">> {
  /** What the node already has: a folder that is copied. */
  readonly from?: string;
}

/** Runs a node that learns until it dies, or comes to its end. */
async function runChild(
  name: string,
  killAt: number,
  { killOn, from, ...changed }: Case & { readonly killOn?: Training["event"] } = {},
) {
  const folder = join(root, name);
  if (from !== undefined) await cp(from, folder, { recursive: true });
  const task: ChildTask = { folder, bundle, killAt, act: "teach", changes: {}, ...changed };
  const child = fork(new URL("./learning-child-for-tests.ts", import.meta.url), [JSON.stringify(task)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const told: Told[] = [];
  child.on("message", (message: Told) => {
    told.push(message);
    if (message.event === killOn) child.kill("SIGKILL");
  });
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return { folder, told, code, signal };
}

/** Runs it to its end, and then once for each touch of a file, killed there. @returns folders in the order of the touches */
async function killEverywhere(name: string, given: Case): Promise<{ whole: string; killed: string[] }> {
  const whole = await runChild(`${name}-whole`, 0, given);
  const end = whole.told.at(-1);
  assert.ok(end?.event === "end" && whole.code === 0, JSON.stringify(whole.told));
  const killed: string[] = [];
  const touches = Array.from({ length: end.touches }, (_, at) => at + 1);
  for (let from = 0; from < touches.length; from += SIDE_BY_SIDE) {
    const runs = await Promise.all(
      touches.slice(from, from + SIDE_BY_SIDE).map((at) => runChild(`${name}-${at}`, at, given)),
    );
    for (const { folder, signal } of runs) {
      assert.equal(signal, "SIGKILL");
      killed.push(folder);
    }
  }
  return { whole: whole.folder, killed };
}

/** Asserts that what the folders show changes once, from one to the other, and that a run to the end shows the other. */
async function changesOnce<T>(
  { whole, killed }: { whole: string; killed: readonly string[] },
  show: (folder: string) => Promise<T>,
  [before, after]: readonly [T, T],
): Promise<void> {
  const shown: T[] = [];
  for (const folder of [...killed, whole]) shown.push(await show(folder));
  const first = shown.findIndex((one) => isDeepStrictEqual(one, after));
  const expected = shown.map((_, at) => (at < first ? before : after));
  assert.deepEqual(shown, expected);
  assert.ok(first > 0, `changed at ${first} of ${shown.length}`);
}

/** Starts a node on this folder, has it answer a frame, and shows what it then says of itself. */
async function standing(folder: string, came = bundle) {
  await using node = openLearning(folder);
  await node.learning.load(came);
  const model = node.models.current("image")!;
  const { y1 } = await model.runMain([new Float32Array(64)]);
  assert.equal(y1[0]!.length, 4);
  const bundles = await readdir(join(folder, "learning", "quadrants-1.0.0", "bundles"));
  const { progress, hardClasses } = node.learning;
  return { name: model.name, progress, hardClasses, bundles: bundles.toSorted() };
}

async function served(folder: string): Promise<string> {
  return (await standing(folder)).name;
}

/** Whether a trial is under way, and which bundles it keeps. */
async function trialOf(folder: string) {
  const { hardClasses: _, ...trial } = await standing(folder);
  return trial;
}

/** Something wrong first, whose trial no label ends, and then the truth: on trial is a learned bundle after a learned one. */
async function learnTwice(folder: string): Promise<void> {
  let nowMs = Date.now() - 2 * DAY_MS;
  await using node = openLearning(folder, { now: () => nowMs });
  await node.learning.load(bundle);
  await teachAll(node, { classOf: WRONG });
  await node.learning.idle();
  nowMs = Date.now();
  node.learning.tick();
  await node.learning.idle();
  await teachAll(node);
  await node.learning.idle();
}

/** A bundle that main's answers speak against: the class it calls most is not hard. */
async function toDiscover(test: string) {
  const came = join(root, `${test}-bundle`);
  let called: number;
  {
    await using probe = openLearning(join(root, `${test}-probe`));
    await probe.learning.load(bundle);
    called = await mostCalled(probe);
  }
  const others = [0, 1, 2, 3].filter((index) => index !== called).slice(0, 2);
  const { manifest } = await writeQuadrantBundle(came, { hardClasses: others });
  const names = (classes: readonly number[]) => classes.map((index) => manifest.classes[index]).join(", ");
  return {
    came,
    discovers: { trigger: { items: 1000 }, discovery: { leastItems: 20 } },
    hard: names(others),
    proposed: names([...others, called]),
    name: names([called]),
  };
}

const DAY_MS = 86_400_000;
const WRONG = (at: number) => (at + 1) % 4;
/** Decided by fewer frames than a child shows; and nothing new is learned. */
const SHORT_TRIAL = { rollback: { items: 24, leastItems: 12 }, trigger: { items: 1000 } };
const CAME = "quadrants@1.0.0";
const LEARNED = "quadrants@1.0.0+edge.1";

describe("a node that is killed while it learns", { timeout: 600_000 }, () => {
  test("serves a whole bundle after a kill at any touch of a file, the new one from the pointer's renaming on", async () => {
    const folders = await killEverywhere("learns", {});
    // The pointer at the start, a bundle of four files, and the pointer again: each written beside, then renamed.
    assert.ok(folders.killed.length >= 10, `${folders.killed.length}`);
    await changesOnce(folders, served, [CAME, LEARNED]);
  });

  test("keeps what it collected when it is killed in the middle of a training, and learns from it later", async () => {
    const { folder, signal } = await runChild("training", 0, { killOn: "started" });
    assert.equal(signal, "SIGKILL");
    assert.equal(await served(folder), CAME);
    const told: Training[] = [];
    await using node = openLearning(folder, { publish: (training) => told.push(training) });
    await node.learning.load(bundle);
    assert.equal(node.learning.trainNow(), undefined);
    await node.learning.idle();
    const started = told.find((step) => step.event === "started");
    // A number is not given twice: the training that was killed was the first.
    assert.deepEqual([started?.run, started?.items], [2, 64]);
    assert.equal(node.models.current("image")!.name, "quadrants@1.0.0+edge.2");
  });

  test("rolls back once: it serves the extension on trial until the pointer names the one before, then that", async () => {
    const from = join(root, "misled");
    {
      await using node = openLearning(from);
      await node.learning.load(bundle);
      await teachAll(node, { classOf: WRONG });
      await node.learning.idle();
    }
    assert.deepEqual(await trialOf(from), {
      name: LEARNED,
      progress: "on trial",
      bundles: ["1.0.0+edge.1"],
    });
    const folders = await killEverywhere("rolls-back", { from, changes: SHORT_TRIAL });
    await changesOnce(folders, trialOf, [
      { name: LEARNED, progress: "on trial", bundles: ["1.0.0+edge.1"] },
      { name: CAME, progress: "idle", bundles: [] },
    ]);
  });

  test("is on trial until its end is written, and keeps the bundle before for as long; a restart ends no trial", async () => {
    const from = join(root, "relearned");
    await learnTwice(from);
    const onTrial = {
      name: "quadrants@1.0.0+edge.2",
      progress: "on trial",
      bundles: ["1.0.0+edge.1", "1.0.0+edge.2"],
    };
    assert.deepEqual(await trialOf(from), onTrial);
    const again = await killEverywhere("again", { from, act: "again" });
    for (const folder of [...again.killed, again.whole]) assert.deepEqual(await trialOf(folder), onTrial);
    const folders = await killEverywhere("passes", { from, changes: SHORT_TRIAL });
    await changesOnce(folders, trialOf, [
      onTrial,
      { name: "quadrants@1.0.0+edge.2", progress: "idle", bundles: ["1.0.0+edge.2"] },
    ]);
  });

  test("has agreed to hard classes or has not, and serves either way", async () => {
    const { came, hard, discovers, proposed } = await toDiscover("agrees");
    const folders = await killEverywhere("agrees", { bundle: came, act: "agree", changes: discovers });
    const hardClasses = async (folder: string) => (await standing(folder, came)).hardClasses;
    await changesOnce(folders, hardClasses, [hard, `${hard}; agreed: ${proposed}`]);
  });

  test("proposes hard classes until their dismissal is written, and from then on does not", async () => {
    const { came, hard, discovers, proposed, name } = await toDiscover("dismisses");
    const from = join(root, "has-proposed");
    {
      await using node = openLearning(from, { config: discovers });
      await node.learning.load(came);
      await teachAll(node);
    }
    const hardClasses = async (folder: string) => (await standing(folder, came)).hardClasses;
    // No label came to it: what it proposes is in its file.
    assert.equal(await hardClasses(from), `${hard}; proposed: ${proposed}`);
    const folders = await killEverywhere("dismisses", {
      from,
      bundle: came,
      act: "dismiss",
      changes: discovers,
    });
    await changesOnce(folders, hardClasses, [
      `${hard}; proposed: ${proposed}`,
      `${hard}; dismissed: ${name}`,
    ]);
  });

  test("has counted the labels up to its last write, and none of them twice", async () => {
    const { came, discovers } = await toDiscover("counts");
    const { killed, whole } = await killEverywhere("counts", {
      bundle: came,
      act: "count",
      changes: discovers,
    });
    const { sha256 } = (await readManifest(came)).files.main;
    const counted = (folder: string) => {
      const file = join(folder, "learning", "quadrants-1.0.0", "discovery.json");
      const { counts = [] } = readDiscovery(file, { sha256, classes: 4 }) ?? {};
      return counts.reduce((sum, { total }) => sum + total, 0);
    };
    // Each time it is written beside, and then renamed.
    assert.deepEqual(killed.map(counted), [0, 0, 8, 8, 16, 16, 24, 24]);
    assert.equal(counted(whole), 32);
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
