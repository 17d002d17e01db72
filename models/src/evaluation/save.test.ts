import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { zooPath } from "../bundle/zoo.ts";
import type { Evaluation } from "./evaluate.ts";
import { saveEvaluation } from "./save.ts";

test("figures are kept beside none that cannot be read, and where they cannot be kept it is told by name", async () => {
  const dir = await mkdtemp(join(tmpdir(), "meanet-save-"));
  try {
    const path = join(dir, "evaluation.json");
    const [figures] = JSON.parse(
      await readFile(join(zooPath("fashion-mnist"), "evaluation.json"), "utf8"),
    ) as Evaluation[];
    for (const damaged of ['[{"bundle"', "{}"]) {
      await writeFile(path, damaged);
      await assert.rejects(saveEvaluation(dir, figures!), (error) => isMeanetError(error, "BUNDLE_INVALID"));
      assert.equal(await readFile(path, "utf8"), damaged);
    }
    await assert.rejects(saveEvaluation(join(dir, "gone"), figures!), (error) =>
      isMeanetError(error, "BUNDLE_PLACE_REFUSED"),
    );
  } finally {
    await rm(dir, { recursive: true });
  }
});

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
