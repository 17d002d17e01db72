import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeQuadrantBundle } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { openLearning, teachAll } from "./learning-for-tests.ts";

const HOUR_MS = 3_600_000;
/** Age alone begins a training. */
const PATIENT = { trigger: { items: 1000, age: "24h", leastItems: 16 } };

let root: string;
let bundle: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "meanet-recall-"));
  bundle = join(root, "quadrants");
  await writeQuadrantBundle(bundle);
});
after(() => rm(root, { recursive: true }));

function itemFile(folder: string): string {
  return join(folder, "learning", "quadrants-1.0.0", "items.sqlite");
}

describe("what was collected before a restart", { timeout: 600_000 }, () => {
  test("counts again without a new label, is told by class, and grows old enough for a training", async () => {
    const folder = join(root, "ages");
    const told: Training[] = [];
    let nowMs = 1_800_000_000_000;
    const open = () =>
      openLearning(folder, { publish: (step) => told.push(step), config: PATIENT, now: () => nowMs });
    {
      await using node = open();
      await node.learning.load(bundle);
      await teachAll(node);
    }
    told.length = 0;
    await using node = open();
    await node.learning.load(bundle);
    // A start does not wait for the file.
    assert.deepEqual([node.learning.items.label, told], [0, []]);
    await node.learning.idle();
    assert.equal(node.learning.items.label, 64);
    const collected = told.find((step) => step.event === "collected");
    assert.deepEqual(
      [collected?.items, collected?.fresh, collected?.classes?.map(({ label }) => label)],
      [{ label: 64, cloud: 0 }, 64, [16, 16, 16, 16]],
    );
    nowMs += 23 * HOUR_MS;
    node.learning.tick();
    assert.equal(node.learning.counts.trainings, 0);
    nowMs += HOUR_MS;
    node.learning.tick();
    await node.learning.idle();
    const started = told.find((step) => step.event === "started");
    assert.deepEqual([started?.trigger, started?.items], ["age", 64], JSON.stringify(told.at(-1)));
  });

  test("is opened when learning is switched on, and not before: a node that never learns has no file", async () => {
    const folder = join(root, "switched");
    {
      await using node = openLearning(folder, { config: PATIENT });
      await node.learning.load(bundle);
      await teachAll(node, { count: 8 });
    }
    await using node = openLearning(folder, { config: { ...PATIENT, enabled: false } });
    await node.learning.load(bundle);
    await node.learning.idle();
    assert.equal(node.learning.items.label, 0);
    node.learning.enabled = true;
    await node.learning.idle();
    assert.equal(node.learning.items.label, 8);

    const never = join(root, "never");
    await using idle = openLearning(never, { config: { enabled: false } });
    await idle.learning.load(bundle);
    idle.learning.enabled = true;
    // On and off again before its turn has come.
    idle.learning.enabled = false;
    await idle.learning.idle();
    assert.equal(existsSync(itemFile(never)), false);
  });

  test("that cannot be read is told of by name, and the node serves", async () => {
    const folder = join(root, "damaged");
    {
      await using node = openLearning(folder);
      await node.learning.load(bundle);
      await node.learning.idle();
    }
    await writeFile(itemFile(folder), "not a database, but long enough to be taken for one".repeat(100));
    const told: Training[] = [];
    await using node = openLearning(folder, { publish: (step) => told.push(step) });
    await node.learning.load(bundle);
    await node.learning.idle();
    const failed = told.find((step) => step.event === "failed");
    assert.match(failed?.reason ?? "", /^cannot open .*items\.sqlite/);
    assert.equal(node.models.current("image")!.name, "quadrants@1.0.0");
  });
});
