import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeQuadrantBundle } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { mostCalled, openLearning, teachAll } from "../learning-for-tests.ts";

let root: string;
/** Untrained, main calls nearly every frame the same, here as a class that is not hard. */
let bundle: string;
/** Of the classes that are hard, and with the one that main calls. */
let hard: string;
let proposed: string;
let name: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "meanet-hard-classes-"));
  bundle = join(root, "quadrants");
  await writeQuadrantBundle(bundle);
  let called: number;
  {
    await using probe = openLearning(join(root, "probe"));
    await probe.learning.load(bundle);
    called = await mostCalled(probe);
  }
  const others = [0, 1, 2, 3].filter((index) => index !== called).slice(0, 2);
  const { manifest } = await writeQuadrantBundle(bundle, { hardClasses: others });
  const names = (classes: readonly number[]) => classes.map((index) => manifest.classes[index]).join(", ");
  [hard, proposed, name] = [names(others), names([...others, called]), names([called])];
});
after(() => rm(root, { recursive: true }));

const changes = { trigger: { items: 1000 }, discovery: { leastItems: 40 } };
const fileOf = (folder: string) => join(folder, "learning", "quadrants-1.0.0", "discovery.json");

/** A node whose bundle is in force, what it tells, and what it logs. */
async function opened(node: string, changed: object = changes) {
  const folder = join(root, node);
  const told: Training[] = [];
  const logged: string[] = [];
  const log = createLog("test", "warn", { write: (line) => logged.push(line) });
  const steps = new EventEmitter();
  const publish = (step: Training) => {
    told.push(step);
    steps.emit(step.event);
  };
  const open = openLearning(folder, { publish, config: changed, log });
  await open.learning.load(bundle);
  return { ...open, folder, told, steps, logged, events: () => told.map(({ event }) => event) };
}

describe("hard classes in service", { timeout: 300_000 }, () => {
  test("are proposed by the labels of before a restart and after it together, and told of once", async () => {
    {
      await using node = await opened("restarts");
      await teachAll(node, { count: 32 });
      assert.equal(node.learning.hardClasses, hard);
    }
    {
      await using node = await opened("restarts");
      await teachAll(node, { count: 32, seed: 22 });
      assert.equal(node.learning.hardClasses, `${hard}; proposed: ${proposed}`);
      assert.deepEqual(
        node.events().filter((event) => event !== "collected"),
        ["proposed"],
      );
    }
    await using node = await opened("restarts");
    assert.equal(node.learning.hardClasses, `${hard}; proposed: ${proposed}`);
    await teachAll(node, { count: 4, seed: 23 });
    assert.ok(!node.events().includes("proposed"));
    assert.equal(await node.learning.acceptHardClasses(), true);
  });

  test("go on from a bundle that is loaded once more while it works", async () => {
    await using node = await opened("reloads");
    await teachAll(node, { count: 32 });
    await node.learning.load(bundle);
    await teachAll(node, { count: 32, seed: 22 });
    assert.equal(node.learning.hardClasses, `${hard}; proposed: ${proposed}`);
  });

  test("that were dismissed come back when as many labels again speak for them, over restarts", async () => {
    let waits: number;
    {
      await using node = await opened("dismisses");
      await teachAll(node);
      assert.equal(node.learning.dismissHardClasses(), true);
      assert.equal(node.learning.dismissHardClasses(), false);
      assert.equal(await node.learning.acceptHardClasses(), false);
      const step = node.told.find(({ event }) => event === "dismissed");
      assert.ok(step?.event === "dismissed");
      const { becomeHard, becomeEasy, waits: asked } = step;
      assert.deepEqual([step.hardClasses.join(", "), becomeHard, becomeEasy], [proposed, [name], []]);
      waits = asked![0]!.labels;
      assert.ok(asked?.length === 1 && asked[0]!.name === name && waits > 40 && waits <= 64);
      assert.equal(node.learning.hardClasses, `${hard}; dismissed: ${name}`);
    }
    await using node = await opened("dismisses");
    assert.equal(node.learning.hardClasses, `${hard}; dismissed: ${name}`);
    const { counts: before } = JSON.parse(await readFile(fileOf(node.folder), "utf8"));
    assert.equal(before.find((seen: { dismissed?: object }) => seen.dismissed).dismissed.wait, waits);
    await teachAll(node, { count: waits - 1, seed: 24 });
    assert.equal(node.learning.hardClasses, `${hard}; dismissed: ${name}`);
    // Not every frame is called so.
    await teachAll(node, { count: 64, seed: 25 });
    assert.equal(node.learning.hardClasses, `${hard}; proposed: ${proposed}`);
    assert.deepEqual(
      node.events().filter((event) => event !== "collected"),
      ["proposed"],
    );
  });

  test("are counted anew when the file is damaged, which is told by name", async () => {
    const { folder } = await opened("damaged").then(async (node) => {
      await teachAll(node);
      await node[Symbol.asyncDispose]();
      return node;
    });
    const file = fileOf(folder);
    await writeFile(file, (await readFile(file, "utf8")).slice(0, 40));
    {
      await using node = await opened("damaged");
      assert.equal(node.learning.hardClasses, hard);
      assert.match(node.logged.join("\n"), /discovery\.json is not read .*"code":"DISCOVERY_REFUSED"/);
      await teachAll(node, { seed: 26 });
      assert.equal(node.learning.hardClasses, `${hard}; proposed: ${proposed}`);
    }
    await using node = await opened("damaged");
    assert.deepEqual([node.learning.hardClasses, node.logged], [`${hard}; proposed: ${proposed}`, []]);
  });

  test("are counted anew for another main block of the same name and version", async () => {
    {
      await using node = await opened("retrained");
      await teachAll(node);
    }
    const file = fileOf(join(root, "retrained"));
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(/"main":"[0-9a-f]{64}"/, `"main":"${"0".repeat(64)}"`));
    await using node = await opened("retrained");
    assert.equal(node.learning.hardClasses, hard);
    assert.match(node.logged.join("\n"), /it is of the main block 0{64}/);
  });

  test("are agreed on by the policy with the next label, also those that were proposed before it was told to", async () => {
    {
      await using node = await opened("policy");
      await teachAll(node);
    }
    await using node = await opened("policy", {
      ...changes,
      discovery: { ...changes.discovery, mode: "accept" },
    });
    assert.equal(node.learning.hardClasses, hard);
    const told = once(node.steps, "agreed");
    await teachAll(node, { count: 1, seed: 27 });
    await told;
    assert.equal(node.learning.hardClasses, `${hard}; agreed: ${proposed}`);
    const agreed = node.told.find(({ event }) => event === "agreed");
    assert.ok(agreed?.event === "agreed" && agreed.by === "policy");
  });

  test("are dismissed for as long as the process runs when that cannot be written", async () => {
    await using node = await opened("full");
    await teachAll(node);
    await rm(join(node.folder, "learning"), { recursive: true });
    assert.throws(() => node.learning.dismissHardClasses(), { code: "ENOENT" });
    assert.equal(node.learning.hardClasses, `${hard}; dismissed: ${name}`);
    assert.ok(node.events().includes("dismissed"));
    await teachAll(node, { count: 1, seed: 28 });
    assert.equal(node.learning.hardClasses, `${hard}; dismissed: ${name}`);
  });
});
