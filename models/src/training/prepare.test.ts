import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import type { Dataset } from "../data/dataset.ts";
import { heldOutOf, prepare } from "./prepare.ts";
import { parseRecipe } from "./recipe.ts";
import { openTinyData, tinyRecipe } from "./tiny-training-for-tests.ts";

describe("prepare", () => {
  let work: string;
  let data: Dataset;
  const prepared = (changes: object) =>
    prepare(parseRecipe({ ...tinyRecipe, ...changes }, "test"), { data, work });
  const refusal = (what: RegExp) => (error: unknown) =>
    isMeanetError(error, "RECIPE_INVALID") && what.test(error.message);

  before(async () => {
    work = await mkdtemp(join(tmpdir(), "meanet-prepare-"));
    data = await openTinyData();
  });
  after(() => rm(work, { recursive: true }));

  it("refuses a batch that a part has too few frames for before any is trained", async () => {
    // 800 frames of ten classes: those of five are 400.
    const batch = { shards: 2, frames: 201 };
    await assert.rejects(prepared({ batch }), refusal(/^extension: 400 frames.*2 x 201 = 402; lower batch/));
    await prepared({ batch: { shards: 2, frames: 200 } });
    await prepared({ batch, edge: { ...tinyRecipe.edge, notHard: true } });
    await assert.rejects(prepared({ batch: { shards: 3, frames: 300 } }), refusal(/^main: 800 frames/));
  });

  it("names the frames held out to other trainers by index, and by file where they have one", async () => {
    const recipe = parseRecipe(tinyRecipe, "test");
    const { heldOut, files, mean } = await heldOutOf(recipe, data);
    assert.deepEqual([heldOut.length, files, mean.length], [200, undefined, 1]);
    const filesOf = async () => Array.from({ length: 1000 }, (_, index) => `train/${index}.png`);
    const named = await heldOutOf(recipe, { ...data, filesOf });
    assert.deepEqual(
      named.files,
      heldOut.map((index) => `train/${index}.png`),
    );
  });

  it("refuses to hold out so few frames that none may be of a hard class", async () => {
    const holding = (heldOut: number) => prepared({ data: { ...tinyRecipe.data, heldOut } });
    await assert.rejects(
      holding(5),
      refusal(/5 frames held out show 5 of 10 classes.*5 hard.*→ data\.heldOut/),
    );
    await holding(6);
  });

  it("refuses to hold out all frames", async () => {
    const holding = (heldOut: number) => prepared({ data: { ...tinyRecipe.data, heldOut } });
    await assert.rejects(holding(1000), refusal(/1000 frames cannot be held out of 1000.*→ data\.heldOut/));
    await assert.rejects(holding(6000), refusal(/6000 frames cannot be held out of 1000/));
    await assert.rejects(holding(999), refusal(/^main: 1 frames/));
  });
});
