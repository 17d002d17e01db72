import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomAt } from "../training/random.ts";
import { drawMix } from "./class-mix.ts";

const hardClasses = [1, 3];
const labels = new Uint8Array(new SharedArrayBuffer(400));
for (const index of labels.keys()) labels[index] = index % 4;
const indices = Uint32Array.from({ length: 200 }, (_, index) => 2 * index + (index % 2));
const draw = (hardShare: number, count: number, seed = 1) =>
  drawMix({ labels }, indices, { hardClasses, hardShare }, count, randomAt(seed));
const hardOf = (drawn: Uint32Array) => drawn.filter((index) => hardClasses.includes(labels[index]!));

describe("drawMix", () => {
  it("draws hard classes by their share, from the frames given only", () => {
    const drawn = draw(0.8, 2_000);
    assert.ok(Math.abs(hardOf(drawn).length / 2_000 - 0.8) < 0.03);
    assert.ok(drawn.every((index) => indices.includes(index)));
    assert.equal(hardOf(draw(0, 50)).length, 0);
    assert.equal(hardOf(draw(1, 50)).length, 50);
  });

  it("draws none twice before all of its kind were drawn once", () => {
    const kinds = hardOf(indices).length;
    const hard = hardOf(draw(1, 2 * kinds));
    assert.equal(new Set(hard.subarray(0, kinds)).size, kinds);
    assert.equal(new Set(hard.subarray(kinds)).size, kinds);
    assert.notDeepEqual(hard.subarray(0, kinds), hard.subarray(kinds));
  });

  it("draws alike by the same seed", () => {
    assert.deepEqual(draw(0.6, 100, 5), draw(0.6, 100, 5));
    assert.notDeepEqual(draw(0.6, 100, 5), draw(0.6, 100, 6));
  });

  it("says so when there is no frame of a kind that is asked for", () => {
    const easy = indices.filter((index) => labels[index] === 0);
    const mix = { hardClasses, hardShare: 1 };
    assert.throws(() => drawMix({ labels }, easy, mix, 1, randomAt(1)), RangeError);
  });
});
