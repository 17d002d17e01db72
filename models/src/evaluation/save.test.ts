import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { zooPath } from "../bundle/zoo.ts";
import type { Evaluation } from "./evaluate.ts";
import { saveEvaluation } from "./save.ts";

test("figures take the place of those of their split, the test set's stay first", async () => {
  const dir = await mkdtemp(join(tmpdir(), "meanet-save-"));
  try {
    const path = join(dir, "evaluation.json");
    const read = async () => JSON.parse(await readFile(path, "utf8")) as Evaluation[];
    await cp(join(zooPath("fashion-mnist"), "evaluation.json"), path);
    const [onTest, heldOut] = await read();
    await saveEvaluation(dir, { ...onTest!, n: 7 });
    assert.deepEqual(await read(), [{ ...onTest!, n: 7 }, heldOut]);
    await rm(path);
    await saveEvaluation(dir, heldOut!);
    await saveEvaluation(dir, onTest!);
    assert.deepEqual(await read(), [onTest, heldOut]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
