import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeQuadrantBundle } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { openLearning, teachAll } from "../learning-for-tests.ts";

const HOUR_MS = 3_600_000;
const LEARNED = "quadrants@1.0.0+edge.1";

let root: string;
let bundle: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "meanet-probation-"));
  bundle = join(root, "quadrants");
  await writeQuadrantBundle(bundle, { reference: 0 });
});
after(() => rm(root, { recursive: true }));

function endOf(told: readonly Training[]) {
  return told.find((step) => step.event === "passed" || step.event === "rolled-back");
}

describe("an extension on trial", { timeout: 600_000 }, () => {
  test("stays when its age ends the trial: without labels, with learning set off, and over a restart", async () => {
    const folder = join(root, "ages");
    const told: Training[] = [];
    let nowMs = 1_800_000_000_000;
    const open = () => openLearning(folder, { publish: (step) => told.push(step), now: () => nowMs });
    {
      await using node = open();
      await node.learning.load(bundle);
      await teachAll(node);
      await node.learning.idle();
      assert.equal(node.learning.progress, "on trial", JSON.stringify(told.at(-1)));
      await teachAll(node, { count: 3, seed: 22 });
      await node.learning.idle();
      const why = /^the last extension is still on trial: 97 of 100 labelled frames are missing, or 24 h$/;
      assert.match(node.learning.trainNow() ?? "", why);
      node.learning.enabled = false;
      nowMs += 23 * HOUR_MS;
      node.learning.tick();
      await node.learning.idle();
      assert.equal(node.learning.progress, "on trial");
    }
    await using node = open();
    await node.learning.load(bundle);
    assert.match(node.learning.trainNow() ?? "", /100 of 100 labelled frames are missing, or 60 min$/);
    node.learning.enabled = false;
    nowMs += HOUR_MS;
    node.learning.tick();
    await node.learning.idle();
    const passed = endOf(told);
    assert.ok(passed?.event === "passed", JSON.stringify(told.at(-1)));
    assert.deepEqual([passed.by, passed.disagreement.items, passed.model], ["age", 0, LEARNED]);
    assert.equal(node.learning.progress, "idle");
    node.learning.enabled = true;
    assert.equal(node.learning.trainNow(), undefined);
  });

  test("lasts no longer by a clock that was years ahead when it began", async () => {
    const told: Training[] = [];
    let nowMs = 4_000_000_000_000;
    await using node = openLearning(join(root, "ahead"), {
      publish: (step) => told.push(step),
      now: () => nowMs,
    });
    await node.learning.load(bundle);
    await teachAll(node);
    await node.learning.idle();
    assert.equal(node.learning.progress, "on trial");
    nowMs = 1_800_000_000_000;
    node.learning.tick();
    nowMs += 24 * HOUR_MS;
    node.learning.tick();
    await node.learning.idle();
    assert.equal(endOf(told)?.event, "passed");
  });

  test("is over after its frames", async () => {
    const told: Training[] = [];
    await using node = openLearning(join(root, "passes"), {
      publish: (step) => told.push(step),
      config: {
        rollback: { items: 8 },
      },
    });
    await node.learning.load(bundle);
    await teachAll(node);
    await node.learning.idle();
    await teachAll(node, { count: 8, seed: 22 });
    await node.learning.idle();
    const passed = endOf(told);
    assert.ok(passed?.event === "passed", JSON.stringify(told.at(-1)));
    assert.deepEqual([passed.by, passed.disagreement.items], ["items", 8]);
    assert.ok(passed.energyJ > 0 && passed.disagreement.after < passed.disagreement.before);
  });

  test("counts a frame once that the cloud and then a label told of, by the label", async () => {
    const told: Training[] = [];
    await using node = openLearning(join(root, "twice"), {
      publish: (step) => told.push(step),
      config: {
        rollback: { items: 8, leastItems: 8 },
        training: { epochs: 8, rate: 0.05, batch: 16 },
      },
    });
    await node.learning.load(bundle);
    await teachAll(node);
    await node.learning.idle();
    assert.equal(node.learning.progress, "on trial", JSON.stringify(told.at(-1)));
    // The cloud is sure and wrong about each of them: alone, it would end the trial of what learned the truth.
    const cloudSays = (at: number) => (at + 1) % 4;
    await teachAll(node, { count: 6, seed: 22, cloudSays });
    await node.learning.idle();
    assert.match(node.learning.trainNow() ?? "", /2 of 8 labelled frames are missing/);
    // The label may also come when the frame has been compared.
    await teachAll(node, { count: 1, seed: 23, by: "cloud", classOf: cloudSays });
    await node.learning.idle();
    node.learning.label("cam", "23-0", 0);
    await node.learning.idle();
    assert.match(node.learning.trainNow() ?? "", /1 of 8 labelled frames are missing/);
    await teachAll(node, { count: 1, seed: 24, cloudSays });
    await node.learning.idle();
    const passed = endOf(told);
    assert.ok(passed?.event === "passed", JSON.stringify(told.at(-1)));
    const { items, before, after } = passed.disagreement;
    assert.deepEqual([items, after], [8, 0]);
    assert.ok(before > 0.4, `${before}`);
  });

  test("goes back when the cloud contradicts it, also where nothing is learned from the cloud", async () => {
    const told: Training[] = [];
    await using node = openLearning(join(root, "contradicted"), {
      publish: (step) => told.push(step),
      config: {
        teacher: { weight: 0 },
        rollback: { items: 24, leastItems: 12 },
      },
    });
    await node.learning.load(bundle);
    // It learns that every class is the next one; then the cloud tells otherwise.
    await teachAll(node, { classOf: (at) => (at + 1) % 4 });
    await node.learning.idle();
    assert.equal(node.models.current("image")!.name, LEARNED);
    await teachAll(node, { count: 24, seed: 22, by: "cloud" });
    await node.learning.idle();
    const back = endOf(told);
    assert.ok(back?.event === "rolled-back", JSON.stringify(told.at(-1)));
    assert.equal(node.models.current("image")!.name, "quadrants@1.0.0");
    assert.equal(node.learning.items.cloud, 0);
  });
});
