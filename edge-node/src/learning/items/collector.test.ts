import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeQuadrantBundle } from "@meanet/models/testing";
import { frameOf } from "../../frames-for-tests.ts";
import { openLearning, teachAll } from "../learning-for-tests.ts";

test("labels find their frames also when the clock is set right in between", async (context) => {
  const root = await mkdtemp(join(tmpdir(), "meanet-collector-"));
  context.after(() => rm(root, { recursive: true }));
  const bundle = join(root, "quadrants");
  await writeQuadrantBundle(bundle, { reference: 0 });
  let nowMs = 0;
  await using node = openLearning(join(root, "node"), { now: () => nowMs });
  await node.learning.load(bundle);
  await teachAll(node, { count: 8, by: "cloud" });
  assert.deepEqual(node.learning.items, { label: 0, cloud: 8 });
  nowMs = 1_800_000_000_000;
  for (let at = 0; at < 8; at++) {
    const { device, id } = frameOf(`21-${at}`);
    node.learning.label(device, id, at % 4);
  }
  assert.deepEqual(node.learning.items, { label: 8, cloud: 0 });
});
